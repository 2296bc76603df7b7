"""Sending messages in a process of its own: by a program, and through Apprise to a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from qanat.system import installation, notifying

PATIENT_S = 60.0
SECRET = "s3cret-token-of-mine"


@contextmanager
def receiver(status: int = 200) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the address of a server that answers with a status, and the messages that it gets."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"json://me:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}", got
        finally:
            server.shutdown()


def send(folder: Path, command: list[str], addresses: list[str], wait_s: float = PATIENT_S) -> str:
    """Send a message; return what went wrong."""
    problem_file = folder / "problem"
    notifying.send(
        command, addresses, "title", "a\nb", variables={"QANAT_RUNS": "4"}, problem_file=problem_file, wait_s=wait_s
    )
    return problem_file.read_text() if problem_file.exists() else ""


def test_a_program_gets_its_arguments_as_they_are_and_the_variables(tmp_path: Path) -> None:
    words = ["sh", "-c", 'printf "%s|" "$@" "$QANAT_RUNS" >"$0"', str(tmp_path / "seen"), "$(id)", "a b", "; x"]
    assert send(tmp_path, words, []) == ""
    assert (tmp_path / "seen").read_text() == "$(id)|a b|; x|4|"


def test_apprise_sends_the_message_to_each_address(tmp_path: Path) -> None:
    with receiver() as (one, got), receiver() as (other, got_too):
        assert send(tmp_path, [], [one, other]) == ""
    for messages in (got, got_too):
        assert [(message["title"], message["message"]) for message in messages] == [("title", "a\nb")]


def test_what_goes_wrong_with_an_address_is_told_without_the_secrets_in_it(tmp_path: Path) -> None:
    with receiver(status=403) as (address, got):
        problem = send(tmp_path, ["false"], [address, f"nothing://{SECRET}"])
    assert got
    by_program, by_server, unknown = problem.split("; ")
    assert by_program == "false: exit status 1"
    assert by_server.startswith("json://…: ")
    assert "403" in by_server
    assert unknown == "nothing://… is not an address that Apprise knows"
    assert SECRET not in problem


def test_an_address_without_apprise_needs_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apprise.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    problem = send(tmp_path, [], ["json://127.0.0.1"])
    assert problem == f"notify.apprise needs Apprise: {installation.to_add('notify')}"


def test_a_problem_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "problem").symlink_to(tmp_path / "target")
    assert send(tmp_path, ["false"], []) == "false: exit status 1"
    assert (tmp_path / "target").read_text() == "mine"
