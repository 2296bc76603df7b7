"""What is told of groups that failed: the last lines of what they printed to stderr."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.usecases.runs.failures import LINE_MAX, TAIL_BYTES, Failure, last_lines

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1\n    import torch\nModuleNotFoundError: torch\n'


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", ()),
        (b"\n \n\n", ()),
        (b"wrong", ("wrong",)),
        (b"wrong\n\n\n", ("wrong",)),
        (TRACEBACK.encode(), ('  File "a.py", line 1', "    import torch", "ModuleNotFoundError: torch")),
        (b"10%\r20%\r30%", ("30%",)),
        (b"10%\r20%\r\nwrong\r\n", ("20%", "wrong")),
        (b"a\xffb\n", ("a\ufffdb",)),
        (b"x" * 2 * TAIL_BYTES, ("x" * (LINE_MAX - 1) + "…",)),
        (b"first\n" * TAIL_BYTES + b"last\n", ("first", "first", "last")),
    ],
)
def test_the_last_lines_are_those_that_a_terminal_would_have_shown(
    tmp_path: Path, data: bytes, lines: tuple[str, ...]
) -> None:
    file = tmp_path / "stderr.txt"
    file.write_bytes(data)
    assert last_lines(file) == lines


@pytest.mark.parametrize(
    ("lines", "option"),
    [
        (["usage: a.py [-h]", "a.py: error: unrecognized arguments: --storage_path /tmp/x"], "--storage_path"),
        (["Error: No such option: --dataset_path"], "--dataset_path"),
        (["flag provided but not defined: -storage_path", "Usage of train:"], "--storage_path"),
        (["usage: a.py --storage_path DIR", "a.py: error: unrecognized arguments: --lrr 1"], ""),
        (["a.py: error: argument --storage_path: expected one argument"], ""),
        (["unknown", "--storage_path"], ""),
        ([], ""),
    ],
)
def test_an_option_of_qanat_that_a_program_does_not_accept_is_recognized(lines: list[str], option: str) -> None:
    assert Failure((0,), "exit code 2", tuple(lines), Path("stderr.txt")).refused == option


def test_what_is_not_a_file_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert last_lines(tmp_path / "pipe") == last_lines(tmp_path / "missing") == last_lines(tmp_path) == ()
