"""The progress of a run, in tables and in the live table, read from the end of what its programs write."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from qanat.records import storage
from tests.integration.life.endings import exit_code
from tests.support.sandbox import Sandbox, wait_until
from tests.support.terminal import Terminal

GB = 10**9
# Writes what $2 says into its progress file, and waits.
WRITES = """\
printf "$2" >"$4/progress.txt"
: >"$4/begun"
while [ ! -e ../open ]; do sleep 0.02; done
"""


def begun(sandbox: Sandbox, folder: str) -> Path:
    found = sandbox.root / "results/writes" / folder
    wait_until((found / "begun").exists)
    return found


def cells(sandbox: Sandbox) -> list[str]:
    """Return the last column of the table of runs, newest first."""
    lines = sandbox.qanat("experiment", "status", "writes").out.partition("Runs:\n")[2].splitlines()
    return [re.split(r" {4,}", line)[-1] for line in lines[1:]]


def let_end(sandbox: Sandbox) -> None:
    (sandbox.root.parent / "open").touch()


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        (r"count_total=8\n1\n1\n", "25 %"),
        (r"tqdm\n  3%%|3 | 3/100\r 45%%|45 | 45/100\r", "45 %"),
        (r"tqdm\n 50%%|5 |\nfinished\n", "100 %"),
        (r"begun\n", ""),
    ],
)
def test_the_progress_of_a_run_that_goes_on_is_in_its_tables(sandbox: Sandbox, content: str, cell: str) -> None:
    sandbox.experiment("writes", WRITES)
    process = sandbox.start("run", "writes", "--text", content)
    begun(sandbox, "run_1")
    (found,) = cells(sandbox)
    assert found == (cell or "▶ running")
    assert sandbox.qanat("status").out.splitlines()[-1].endswith(cell)
    let_end(sandbox)
    assert exit_code(process) == 0
    assert cells(sandbox) == ["100 %"]


def test_over_groups_it_is_their_mean_beside_the_count_of_those_that_have_ended(sandbox: Sandbox) -> None:
    sandbox.experiment("writes", WRITES.replace("$2", r"count_total=4\n$2\n"))
    process = sandbox.start("run", "writes", "-R", "--done 1,3,0", "-j", "2")
    for group in (0, 1):
        begun(sandbox, f"run_1/group_{group}")
    assert cells(sandbox) == ["0/3 33 %"]
    let_end(sandbox)
    assert exit_code(process) == 0
    assert cells(sandbox) == ["3/3 100 %"]


def test_the_live_table_shows_it_as_it_changes(sandbox: Sandbox) -> None:
    sandbox.experiment("writes", WRITES)
    process = sandbox.start("run", "writes", "--text", r"count_total=4\n1\n")
    folder = begun(sandbox, "run_1")
    with Terminal(sandbox.root, "experiment", "status", "writes", "--live") as terminal:
        terminal.see("25 %")
        with (folder / "progress.txt").open("a") as file:
            file.write("2\n")
        terminal.see("75 %")
        let_end(sandbox)
        terminal.see("finished")
        terminal.press("q")
        terminal.ends()
    assert exit_code(process) == 0


def test_a_run_that_did_not_finish_has_no_progress(sandbox: Sandbox) -> None:
    sandbox.experiment("writes", 'printf "count_total=4\\n1\\n" >"$2/progress.txt"; exit 3')
    sandbox.qanat("run", "writes", code=1)
    assert cells(sandbox) == ["❌ failed"]


# ---- a gigabyte of it


def bytes_read() -> int:
    """Return how many bytes this process has read so far; see proc(5)."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar: ")).split()[1])


def make_huge(folder: Path, head: bytes, tail: bytes) -> Path:
    """Create a progress file of a gigabyte that takes no space on the disk."""
    file = folder / "progress.txt"
    with file.open("wb") as stream:
        stream.write(head)
        stream.seek(GB - len(tail))
        stream.write(tail)
    assert file.stat().st_size == GB
    return file


@pytest.mark.skipif(not os.access("/proc/self/io", os.R_OK), reason="this system does not count what is read")
@pytest.mark.parametrize(
    ("head", "tail", "expected"),
    [
        (b"tqdm\n", b" 41%|4 |\r 42%|4 |\r", 0.42),
        (b"count_total=4\n", b"1\nfinished\n", 1.0),
        (b"count_total=2000000000\n", b"1\n" * 50_000, 0.25),
    ],
)
def test_a_gigabyte_costs_no_more_than_its_end(tmp_path: Path, head: bytes, tail: bytes, expected: float) -> None:
    make_huge(tmp_path, head, tail)
    before = bytes_read()
    assert storage.read_progress(tmp_path) == pytest.approx(expected, abs=0.001)
    assert bytes_read() - before < 200_000


def test_a_run_with_a_gigabyte_of_progress_is_listed(sandbox: Sandbox) -> None:
    sandbox.experiment("writes", WRITES)
    process = sandbox.start("run", "writes", "--text", "tqdm")
    make_huge(begun(sandbox, "run_1"), b"tqdm\n", b" 41%|4 |\r 42%|4 |\r")
    assert cells(sandbox) == ["42 %"]
    let_end(sandbox)
    assert exit_code(process) == 0
