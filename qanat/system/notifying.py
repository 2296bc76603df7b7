"""Sending a message to a user, in a process of its own that nobody has to wait for."""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from qanat.system import installation

# How long a command waits to learn whether the message was sent, and how long the sending may take.
WAIT_S = 1.0
LIMIT_S = 60.0
PROBLEM_MAX = 300
# -P: no module of the current folder is mistaken for one of Python's.
_CODE = "import sys; sys.path.append(sys.argv[1]); from qanat.system import notifying; notifying.main()"
# The shell ends at once, so that the process has no parent here that would have to collect it.
_IN_BACKGROUND = 'exec 3<&0; "$@" <&3 3<&- &'
_SECRET_MIN = 6


def send(
    command: Sequence[str],
    addresses: Sequence[str],
    title: str,
    text: str,
    *,
    variables: dict[str, str],
    problem_file: Path,
    wait_s: float = WAIT_S,
) -> None:
    """Send a message by a command, if it is not empty, and to addresses of Apprise.

    Whatever goes wrong is written to problem_file; if the sending takes longer than wait_s, that happens later.
    """
    task: dict[str, Any] = {"command": list(command), "addresses": list(addresses), "title": title, "text": text}
    task |= {"problem_file": str(problem_file), "variables": variables}
    words = ["sh", "-c", _IN_BACKGROUND, "sh", sys.executable, "-P", "-c", _CODE, str(Path(__file__).parents[2])]
    try:
        with tempfile.TemporaryFile() as stdin:
            stdin.write(json.dumps(task).encode())
            stdin.seek(0)
            _start(words, stdin, wait_s)
    except OSError as error:
        _note(problem_file, [os.strerror(error.errno).lower() if error.errno else str(error)])


def _start(words: Sequence[str], stdin: IO[bytes], wait_s: float) -> None:
    """Start a process in the background, and wait for its end, but not for long. Raises OSError."""
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(words, cwd="/", stdin=stdin, stdout=pipe, stderr=null, start_new_session=True) as shell:
        shell.wait()
        # Nothing is written to it: it is closed at the end.
        select.select(filter(None, [shell.stdout]), [], [], wait_s)


def main() -> None:
    """Send the message that standard input describes."""
    task = json.load(sys.stdin)
    problems = []
    if task["command"]:
        problems += _by_command(task["command"], task["variables"])
    if task["addresses"]:
        problems += _by_apprise(task["addresses"], task["title"], task["text"])
    if problems:
        _note(Path(task["problem_file"]), problems)


def _by_command(command: Sequence[str], variables: dict[str, str]) -> list[str]:
    """Run the program; return what went wrong."""
    try:
        environment, null = os.environ | variables, subprocess.DEVNULL
        done = subprocess.run(command, env=environment, stdin=null, capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return [f"{command[0]} did not end within {LIMIT_S:g} s"]
    except OSError as error:
        return [f"{command[0]}: {os.strerror(error.errno).lower() if error.errno else error}"]
    if done.returncode == 0:
        return []
    said = " ".join((done.stderr.strip() or done.stdout).decode("utf-8", "replace").split())[:PROBLEM_MAX]
    how = (
        f"exit status {done.returncode}"
        if done.returncode > 0
        else f"killed by {signal.Signals(-done.returncode).name}"
    )
    return [f"{command[0]}: {how}{f': {said}' if said else ''}"]


def _by_apprise(addresses: Sequence[str], title: str, text: str) -> list[str]:
    """Send the message to each address; return what went wrong, without the addresses, which contain secrets."""
    try:
        import apprise
    except ImportError:
        return [f"notify.apprise needs Apprise: {installation.to_add('notify')}"]
    heard: list[str] = []
    logger = logging.getLogger("apprise")
    logger.addHandler(_Listener(heard))
    logger.propagate = False
    problems = []
    for address in addresses:
        heard.clear()
        service = f"{address.partition(':')[0]}://…"
        receiver = apprise.Apprise()
        if not receiver.add(address):
            problems.append(f"{service} is not an address that Apprise knows")
        elif not receiver.notify(title=title, body=text):
            why = _without_secrets(heard[0], address).rstrip(".") if heard else "Apprise does not say why"
            problems.append(f"{service}: {why[:PROBLEM_MAX]}")
    return problems


class _Listener(logging.Handler):
    """Keeps what Apprise has to say about a failure."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self._heard.append(" ".join(record.getMessage().split()))


def _without_secrets(text: str, address: str) -> str:
    """Return a text without the longer parts of an address; which of them is a secret depends on the service."""
    for part in sorted(re.split(r"[/:@?&=]+", address)[1:], key=len, reverse=True):
        text = text.replace(part, "…") if len(part) >= _SECRET_MIN else text
    return text


def _note(problem_file: Path, problems: Sequence[str]) -> None:
    with suppress(OSError):
        problem_file.unlink(missing_ok=True)
        with os.fdopen(os.open(problem_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("; ".join(problems))
