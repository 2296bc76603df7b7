"""The page on 127.0.0.1: who gets it, and what its stream says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from qanat.web import server as server_module
from qanat.web.server import HEADERS, Server, Snapshot
from tests.support.sandbox import wait_until

FIRST = Snapshot({"created": "1"}, {"1-a": '{"id": "1-a", "n": 1}', "2-b": '{"id": "2-b", "n": 1}'})
THEN = Snapshot({"created": "2"}, {"2-b": '{"id": "2-b", "n": 2}', "3-c": '{"id": "3-c", "n": 1}'})


def log(run: str, group: int, stream: str) -> Iterator[dict[str, Any] | None]:
    """Yield what a group prints: here, what was asked for, and again after a while."""
    yield {"text": f"{run} {group} {stream}\n"}
    yield None
    yield {"text": "\u2028</script>"}


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve the first content."""
    figures = {"1-0.svg": ("image/svg+xml", b"<svg/>")}
    started = Server(0, lambda data, number: f"<p>{number} {data}", log, FIRST, figures.get)
    yield started
    started.stop()


class Asking:
    """Asks a server, and closes all connections at the end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: list[HTTPConnection | HTTPResponse] = []

    def __call__(self, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        """Return the answer to a request."""
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        self._open += [connection, answer]
        return answer

    def close(self) -> None:
        """Close all connections."""
        for each in self._open:
            each.close()


@pytest.fixture
def asked(server: Server) -> Iterator[Asking]:
    """Return a function that asks the server."""
    asking = Asking(server)
    yield asking
    asking.close()


def events(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    """Yield what a stream says."""
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def test_those_who_know_the_token_get_the_page_which_nothing_keeps_or_frames(server: Server, asked: Asking) -> None:
    assert server.address == f"http://127.0.0.1:{server.port}/{server.token}/"
    answer = asked(f"/{server.token}/")
    assert answer.status == 200
    assert answer.read().decode() == f"<p>1 {FIRST.as_json()}"
    assert json.loads(FIRST.as_json())["runs"][1] == {"id": "2-b", "n": 1}
    assert HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["Server"].strip() == "qanat"


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "GET", "", 404),
        ("/{token}", "GET", "localhost:80", 200),
        ("/{token}x/", "GET", "", 404),
        ("/x/", "GET", "", 404),
        ("/{token}/../etc/passwd", "GET", "", 404),
        ("/{token}/style.css", "GET", "", 404),
        ("*", "GET", "", 404),
        ("/{token}/log", "GET", "", 404),
        ("/{token}/log?3-c&0&stdout", "GET", "", 404),
        ("/{token}/log?2-b&../0&stdout", "GET", "", 404),
        ("/{token}/log?2-b&-1&stdout", "GET", "", 404),
        ("/x/log?2-b&0&stdout", "GET", "", 404),
        ("/{token}/log?2-b&0&stdout", "GET", "evil.example:80", 421),
        ("/{token}/log?2-b&0&stdout", "POST", "", 405),
        ("/{token}/", "GET", "evil.example:80", 421),
        ("/{token}/", "GET", "127.0.0.1.evil.example:80", 421),
        ("/{token}/events", "GET", "evil.example", 421),
        ("/{token}/", "POST", "", 405),
        ("/{token}/", "HEAD", "", 405),
        ("/{token}/", "<script>", "", 405),
    ],
)
def test_anything_else_is_refused_and_not_repeated(
    server: Server, asked: Asking, path: str, method: str, host: str, status: int
) -> None:
    answer = asked(path.format(token=server.token), method, **({"Host": host} if host else {}))
    assert answer.status == status
    assert status == 200 or b"<" not in answer.read()


def test_a_stream_says_what_has_changed_since_the_page_was_made(server: Server, asked: Asking) -> None:
    heard = events(asked(f"/{server.token}/events?1"))
    server.publish(THEN)
    assert next(heard) == {
        "created": "2",
        "gone": ["1-a"],
        "runs": [{"id": "2-b", "n": 2}, {"id": "3-c", "n": 1}],
    }
    server.publish(Snapshot({"created": "3"}, THEN.runs))
    assert next(heard) == {"created": "3", "gone": [], "runs": []}
    server.stop()
    assert list(heard) == []


def test_a_page_that_is_too_old_gets_everything(server: Server, asked: Asking) -> None:
    server.publish(THEN)
    heard = next(events(asked(f"/{server.token}/events?1")))
    assert (heard["whole"], [run["id"] for run in heard["runs"]]) == (True, ["2-b", "3-c"])


def test_what_a_group_prints_is_a_stream_of_its_own(server: Server, asked: Asking) -> None:
    answer = asked(f"/{server.token}/log?2-b&7&stderr")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert list(events(answer)) == [{"text": "2-b 7 stderr\n"}, {"text": "\u2028</script>"}]
    wait_until(lambda: not server.streams)


def test_streams_are_counted_until_their_pages_are_closed(
    server: Server, asked: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "STREAMS_MAX", 1)
    monkeypatch.setattr(server_module, "PULSE_S", 0.01)
    first = asked(f"/{server.token}/events?1")
    assert first.readline() == b": still here\n"
    assert server.streams == 1
    assert asked(f"/{server.token}/events?1").status == 503
    first.close()
    wait_until(lambda: not server.streams)


def test_a_problem_is_a_note_beside_what_was_known_and_is_said_once(server: Server, asked: Asking) -> None:
    heard = events(asked(f"/{server.token}/events?1"))
    server.publish(replace(server.snapshot, problem="no longer a project"))
    assert next(heard) == {"created": "1", "gone": [], "notes": ["no longer a project"], "runs": []}
    server.publish(replace(server.snapshot, problem="no longer a project"))
    server.publish(THEN)
    assert "notes" not in next(heard)
    assert not THEN.is_like(FIRST)
    assert THEN.is_like(Snapshot({"created": "9"}, THEN.runs))
    assert not THEN.is_like(replace(THEN, problem="x"))


def test_somebody_waits_for_a_page_without_waking_up(server: Server, asked: Asking) -> None:
    waiting = threading.Thread(target=server.wait_for_page, daemon=True)
    waiting.start()
    assert waiting.is_alive()
    asked(f"/{server.token}/events?1")
    waiting.join(20)
    assert not waiting.is_alive()


def test_a_port_that_is_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Server(other.getsockname()[1], lambda data, number: data, log, FIRST)


def test_those_who_say_nothing_keep_nobody_else_out(
    server: Server, asked: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ASKING_MAX", 3)
    stream = events(asked(f"/{server.token}/events?1"))
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(8)]
    try:
        for each in silent[:5]:
            assert each.recv(1) == b""
        assert asked(f"/{server.token}/").status == 200
        server.publish(THEN)
        assert next(stream)["created"] == "2"
    finally:
        for each in silent:
            each.close()


def test_a_figure_is_an_image_that_runs_nothing(server: Server, asked: Asking) -> None:
    answer = asked(f"/{server.token}/figures/1-0.svg?1795996800000", Host="localhost:1")
    assert (answer.status, answer.read()) == (200, b"<svg/>")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get_all("Cache-Control") == ["private, max-age=3600"]
    for path in ("figures/", "figures/../1-0.svg", "figures/1-0.png", "1-0.svg", "figures%2f1-0.svg"):
        assert asked(f"/{server.token}/{path}", Host="localhost:1").status == 404
    assert asked("/wrong/figures/1-0.svg", Host="localhost:1").status == 404
    assert asked(f"/{server.token}/figures/1-0.svg", Host="example.org:1").status == 421
