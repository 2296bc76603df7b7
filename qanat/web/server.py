"""The page on 127.0.0.1: for those who know the token in its address, read-only, live by server-sent events."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

HOST = "127.0.0.1"
HOSTS = frozenset({HOST, "localhost"})
STREAMS_MAX = 20
# Connections of those who have not said the token yet: every user of this machine can open some, and keep silent.
ASKING_MAX = 100
# How often a stream without news says so, and finds out that nobody reads it.
PULSE_S = 10.0
TIMEOUT_S = 30.0
# Between two events, so that a page can draw what many changes have led to.
EVENT_S = 0.2
# How long a server that stops waits for its own thread.
WAKE_S = 1.0
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FIGURES = "figures/"
# A program wrote the image: opened by itself, an SVG runs nothing and loads nothing. Its address changes when it does.
FIGURE_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox",
}
# The media type and the content of a figure, by its image; None if there is none.
ReadFigure = Callable[[str], tuple[str, bytes] | None]


Log: TypeAlias = Callable[[str, int, str], Iterator[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the page shows at some time: the JSON of each run by its id, and of everything else.

    `problem` is why there is nothing newer.
    """

    head: Mapping[str, Any]
    runs: Mapping[str, str]
    problem: str = ""

    def as_json(self) -> str:
        """Return the whole content, as a report has it."""
        return _with_runs(self._head, self.runs.values())

    def is_like(self, other: Snapshot) -> bool:
        """Return whether two snapshots show the same, at different times."""
        return other.runs == self.runs and other._head | {"created": ""} == self._head | {"created": ""}

    def since(self, before: Snapshot | None) -> str | None:
        """Return the runs that have changed, the ids of those that are gone, and the rest; None if all is the same.

        Without an earlier snapshot, this is everything, which is marked as `whole`.
        """
        if before is None:
            return _with_runs({**self._head, "whole": True, "gone": []}, self.runs.values())
        changed = [text for run, text in self.runs.items() if before.runs.get(run) != text]
        gone = [run for run in before.runs if run not in self.runs]
        if not changed and not gone and self._head == before._head:
            return None
        return _with_runs({**self._head, "gone": gone}, changed)

    @property
    def _head(self) -> dict[str, Any]:
        notes = {"notes": [self.problem, *self.head.get("notes", [])]} if self.problem else {}
        return {**self.head, **notes}


def _with_runs(head: Mapping[str, object], runs: Iterable[str]) -> str:
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "runs": [{",".join(runs)}]}}'


class Server:
    """Serves snapshots to browsers of this machine, each request in a thread of its own.

    `page` makes the page of a content and its number, from which a page asks for changes. `log` yields what a group of
    a run, by its id, prints to a stream, as JSON values, and None in between. `figure` reads a figure. Raises OSError
    if the port cannot be had.
    """

    def __init__(
        self, port: int, page: Callable[[str, int], str], log: Log, first: Snapshot, figure: ReadFigure = lambda _: None
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.snapshot = first
        self.number = 1
        self._page, self._log, self.figure = page, log, figure
        self.streams = 0
        self.is_stopped = False
        self.news = threading.Condition()
        self._http = _Http(self, port)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, which the system has chosen if it was 0."""
        return int(self._http.server_address[1])

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def publish(self, snapshot: Snapshot) -> None:
        """Show another snapshot in all open pages."""
        with self.news:
            self.snapshot, self.number = snapshot, self.number + 1
            self.news.notify_all()

    def page(self) -> str:
        """Return the page as it is now."""
        with self.news:
            snapshot, number = self.snapshot, self.number
        return self._page(snapshot.as_json(), number)

    def stop(self) -> None:
        """End all streams, and refuse new connections."""
        with self.news:
            self.is_stopped = True
            self.news.notify_all()
        with suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=WAKE_S).close()
        self._thread.join(WAKE_S)
        self._http.server_close()

    def wait_for_page(self) -> None:
        """Wait until a page is open."""
        with self.news:
            self.news.wait_for(lambda: self.streams)

    def _serve(self) -> None:
        """Answer requests; between them, nothing wakes up, as serve_forever() does twice a second."""
        while not self.is_stopped:
            self._http.handle_request()

    def numbered(self, number: str) -> Snapshot | None:
        """Return the snapshot with this number; None if it is not the last one."""
        with self.news:
            return self.snapshot if number == str(self.number) else None

    def changes(self, before: Snapshot | None) -> Iterator[str | None]:
        """Yield what changes after a snapshot, and None from time to time, until the server stops."""
        while True:
            with self.news:
                if self.snapshot is before and not self.is_stopped:
                    self.news.wait(PULSE_S)
                if self.is_stopped:
                    return
                now = self.snapshot
            yield now.since(before)
            before = now
            time.sleep(EVENT_S)

    def output(self, run: str, group: int, stream: str) -> Iterator[str | None]:
        """Yield what a group of a run that is shown prints, as JSON, and None from time to time, until the end."""
        for part in self._log(run, group, stream):
            if self.is_stopped:
                return
            yield json.dumps(part) if part else None


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = ASKING_MAX

    def __init__(self, site: Server, port: int) -> None:
        self.site = site
        self._asking: dict[object, None] = {}
        super().__init__((HOST, port), _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a request in a thread; of too many that are not known yet, the oldest is dropped."""
        with self.site.news:
            self._asking[request] = None
            dropped: Any = next(iter(self._asking)) if len(self._asking) > ASKING_MAX else None
            self._asking.pop(dropped, None)
        if dropped is not None:
            with suppress(OSError):  # it has just ended
                dropped.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self.let_in(request)
        super().shutdown_request(request)

    def let_in(self, request: object) -> None:
        """Keep a connection, whose token is the right one, until it ends."""
        with self.site.news:
            self._asking.pop(request, None)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a connection that has ended, and report every other error as usual."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


_GROUP = re.compile("[0-9]{1,6}")


class _Request(BaseHTTPRequestHandler):
    """Answers GET of the page, of its streams and of its figures, and refuses everything else."""

    server: _Http
    server_version, sys_version = "qanat", ""
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        """Answer a request for the page, a stream or a figure."""
        site = self.server.site
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        token, _, rest = self.path.removeprefix("/").partition("/")
        name, _, query = rest.partition("?")
        if host not in HOSTS:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if not hmac.compare_digest(token.encode(), site.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        self.server.let_in(self.request)
        if not name:
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", site.page())
        elif name.startswith(FIGURES):
            self._show(site.figure(name.removeprefix(FIGURES)))
        elif (said := self._stream_of(site, name, query)) is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif site.streams >= STREAMS_MAX:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._stream(site, said)

    @staticmethod
    def _stream_of(site: Server, name: str, query: str) -> Iterator[str | None] | None:
        """Return what a stream says: changes, or the output of a group; None if there is no such stream."""
        run, group, stream = [*query.split("&"), "", ""][:3]
        if name == "events":
            return site.changes(site.numbered(query))
        if name == "log" and run in site.snapshot.runs and _GROUP.fullmatch(group):
            return site.output(run, int(group), stream)
        return None

    def _refuse(self, status: HTTPStatus) -> None:
        self._answer(status, "text/plain; charset=utf-8", f"{status.phrase}\n")

    def _show(self, figure: tuple[str, bytes] | None) -> None:
        if figure is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        kind, data = figure
        self._begin(HTTPStatus.OK, kind, {"Content-Length": str(len(data)), **FIGURE_HEADERS})
        self.wfile.write(data)

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        self._begin(status, kind, {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _begin(self, status: HTTPStatus, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, site: Server, parts: Iterator[str | None]) -> None:
        """Send what a stream says until the page is closed."""
        with site.news:
            site.streams += 1
            site.news.notify_all()
        try:
            self._begin(HTTPStatus.OK, "text/event-stream; charset=utf-8", {})
            for part in parts:
                said = f"data: {part}\n\n" if part else ": still here\n\n"
                self.wfile.write(said.encode("utf-8", "backslashreplace"))
                self.wfile.flush()
        except OSError:  # the page is closed
            pass
        finally:
            with site.news:
                site.streams -= 1

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not GET, or not HTTP, without repeating any of it."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._refuse(status)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the terminal belongs to the command."""
