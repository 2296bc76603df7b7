"""`logs` of much output, of strange output and of files that are not what they were: bounded, and safe to look at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.costs import cost_of
from tests.support.hostile import HOSTILE, LEGITIMATE
from tests.support.sandbox import PROGRAM, Sandbox, wait_until
from tests.support.terminal import Terminal

MIB = 2**20
MUCH_BYTES = 32 * MIB
PROGRESS = b"".join(b"\r%3d%%|%s" % (i % 101, b"#" * (i % 40)) for i in range(10_000))
WAITS = 'echo begun; while [ ! -e "$1" ]; do sleep 0.02; done\n'


@pytest.fixture
def stdout(sandbox: Sandbox) -> Path:
    """Return the stdout of run 1, which has one group."""
    sandbox.experiment("one", "echo hi")
    sandbox.qanat("run", "one")
    return sandbox.root / "results/one/run_1/stdout.txt"


@pytest.fixture
def two(sandbox: Sandbox) -> list[Path]:
    """Return the stdouts of the newest run, which has two groups."""
    sandbox.experiment("two", "echo hi")
    sandbox.qanat("run", "two", "-R", "--n 0,1")
    return sorted(sandbox.root.glob("results/two/run_*/group_*/stdout.txt"))


def fill(path: Path, block: bytes, size: int = MUCH_BYTES) -> bytes:
    data = block * (size // len(block) + 1)
    path.write_bytes(data)
    return data


@pytest.mark.slow
@pytest.mark.parametrize("follow", [[], ["-f"]])
@pytest.mark.parametrize(
    "block",
    [PROGRESS, b"x" * 1000, b"\0", b"\n", b"\xff\xfe\r\n"],
    ids=["progress", "one line", "NULs", "newlines", "no text"],
)
def test_much_output_of_groups_takes_little_memory_and_time(
    block: bytes, follow: list[str], two: list[Path], sandbox: Sandbox
) -> None:
    size = 2 * MIB if len(block) < 5 else MUCH_BYTES
    filled = [fill(path, block, size) for path in two]
    cost = cost_of(["logs", "1", *follow], sandbox.root)
    assert (cost.code, cost.err) == (0, b"")
    assert cost.extra_mib < 20
    assert cost.cpu_s < 8
    shown = [b"".join(b"group %d | %b\n" % (g, line) for line in _lines(data)) for g, data in enumerate(filled)]
    assert is_same(cost.out, b"".join(shown))


def is_same(first: bytes, second: bytes) -> bool:
    """Compare long texts; pytest would explain the difference for hours."""
    return first == second


def _lines(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    return [*lines, *([rest] if rest else [])]


def test_much_output_of_one_group_passes_unchanged(stdout: Path, sandbox: Sandbox) -> None:
    data = fill(stdout, PROGRESS)
    cost = cost_of(["logs", "1"], sandbox.root)
    assert is_same(cost.out, data)
    assert cost.extra_mib < 20


def test_a_file_with_a_large_hole_is_read_as_it_is_asked_for(stdout: Path, sandbox: Sandbox) -> None:
    os.truncate(stdout, 2**40)
    with subprocess.Popen([*PROGRAM, "logs", "1"], cwd=sandbox.root, stdout=subprocess.PIPE) as logs:
        assert logs.stdout is not None
        assert is_same(logs.stdout.read(MIB), b"hi\n" + b"\0" * (MIB - 3))
    assert cost_of(["status"], sandbox.root).cpu_s < 5


@pytest.fixture
def active(sandbox: Sandbox) -> Iterator[list[Path]]:
    """Return the stdouts of the two groups of an active run, which ends with the test."""
    sandbox.experiment("waits", WAITS)
    stop = sandbox.root.parent / "stop"
    run = sandbox.start("run", "waits", str(stop), "-R", "--n 0,1", "-j", "2")
    paths = [sandbox.root / f"results/waits/run_1/group_{group}/stdout.txt" for group in (0, 1)]
    wait_until(lambda: all(path.exists() and path.read_text() == "begun\n" for path in paths))
    yield paths
    stop.touch()
    run.communicate(timeout=60)


@contextmanager
def follow_output(sandbox: Sandbox, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start `qanat logs 1`, and end it with the block."""
    words, pipe = [*PROGRAM, "logs", "1", *options], subprocess.PIPE
    with subprocess.Popen(words, cwd=sandbox.root, stdout=pipe, stderr=pipe) as follower:
        try:
            yield follower
        finally:
            follower.terminate()


def test_progress_without_a_newline_is_printed_while_it_grows(active: list[Path], sandbox: Sandbox) -> None:
    with follow_output(sandbox, "-f") as follower:
        assert follower.stdout is not None
        assert {follower.stdout.readline() for _ in active} == {b"group 0 | begun\n", b"group 1 | begun\n"}
        for percent in (b" 10%\r", b" 20%\r"):
            with active[1].open("ab") as file:
                file.write(percent)
            start = b"group 1 | " if percent == b" 10%\r" else b""
            assert follower.stdout.read(len(start) + 5) == start + percent
        with active[0].open("ab") as file:
            file.write(b"x" * 3_000_000)
        assert follower.stdout.read(2_900_000).startswith(b"\ngroup 0 | xxx")


def test_output_that_was_truncated_or_replaced_is_shown_again(active: list[Path], sandbox: Sandbox) -> None:
    with follow_output(sandbox, "-f", "--group", "0") as follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        assert follower.stdout.readline() == b"begun\n"
        active[0].write_text("anew\n")
        assert follower.stdout.readline() == b"anew\n"
        assert b"was replaced or truncated; it is shown from its beginning" in follower.stderr.readline()
        other = active[0].with_name("other")
        other.write_text("a longer one than before\n")
        other.replace(active[0])
        assert follower.stdout.readline() == b"a longer one than before\n"


@pytest.mark.parametrize("instead", ["pipe", "device", "folder", "link", "broken link"])
@pytest.mark.parametrize("follow", [[], ["-f"]])
def test_something_else_in_place_of_the_output_is_not_read(
    instead: str, follow: list[str], stdout: Path, sandbox: Sandbox
) -> None:
    stdout.unlink()
    secret = sandbox.root.parent / "secret"
    secret.write_text("do not tell\n")
    match instead:
        case "pipe":
            os.mkfifo(stdout)
        case "device":
            stdout.symlink_to("/dev/zero")
        case "folder":
            stdout.mkdir()
        case "link":
            stdout.symlink_to(secret)
        case _:
            stdout.symlink_to("nowhere")
    result = sandbox.qanat("logs", "1", *follow)
    assert result.out == ""
    what = {"pipe": "is a pipe or a device", "folder": "is a directory"}.get(instead, "is a link")
    assert result.err.startswith(f"note: {stdout}: ")
    assert what in result.err.lower()
    assert result.err.count("\n") == 1


def test_a_terminal_shows_text_and_colours_and_nothing_that_acts_on_it(stdout: Path, sandbox: Sandbox) -> None:
    stdout.write_bytes(
        "\n".join((*HOSTILE, *LEGITIMATE)).encode("utf-8", "surrogatepass") + b"\nbad \xff\xc3\n\x1b[1;31mred\n\0end"
    )
    with Terminal(sandbox.root, "logs", "1") as terminal:
        terminal.ends()
    shown = terminal.raw
    assert "a\x1b[31mred\x1b[0mb" in shown  # a colour passes
    assert "a\\x1b]52;c;cm0gLXJmIH4=\\x07b" in shown
    assert "bad \\xff\\xc3\r\n" in shown
    assert shown.endswith("\\x00end\r\n\x1b[0m")
    for text in LEGITIMATE:
        assert text in shown
    left = shown.replace("\x1b[31m", "").replace("\x1b[0m", "").replace("\x1b[1;31m", "").replace("\r\n", "")
    assert [c for c in left if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u061c\u200b\u202e\u2028\U000e0001"] == []


def test_a_terminal_shows_the_last_state_of_a_line(stdout: Path, two: list[Path], sandbox: Sandbox) -> None:
    fill(stdout, PROGRESS, 4 * MIB)
    with stdout.open("ab") as file:
        file.write(b"\r100%|done\r\ncrlf\r\nwait\r    \rDone\x1b[K\n50%\r60%\r")
    with Terminal(sandbox.root, "logs", "1") as terminal:
        terminal.ends()
    assert terminal.raw == "100%|done\r\ncrlf\r\nDone\r\n60%\r\n"
    two[0].write_bytes(b"1%\r2%\r3%\x1b[31m")
    two[1].write_bytes(b"a\n\x1b[32mb\n")
    with Terminal(sandbox.root, "logs", "2") as terminal:
        terminal.ends()
    assert terminal.raw.replace("\r\n", "\n") == (
        "group 0 | 3%\x1b[31m\x1b[0m\ngroup 1 | a\ngroup 1 | \x1b[32mb\x1b[0m\n\x1b[0m"
    )


def test_a_terminal_shows_progress_while_it_is_made(active: list[Path], sandbox: Sandbox) -> None:
    with Terminal(sandbox.root, "logs", "1", "-f") as terminal:
        terminal.see("group 1 | begun")
        for percent in ("10", "20"):
            with active[0].open("ab") as file:
                file.write(f"\r{percent}%".encode())
            terminal.see(f"group 0 | {percent}%")
        with active[0].open("ab") as file:
            file.write(b"\n")
        terminal.see("\rgroup 0 | 20%\r\n")
        terminal.press("\x03")
        terminal.ends(130)
