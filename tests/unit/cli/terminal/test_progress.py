from __future__ import annotations

import itertools

import pytest

from qanat.cli.terminal.progress import counted, shown


def test_long_work_shows_how_far_it_is_and_removes_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = itertools.count(0, 0.9)
    assert list(counted(range(3), "records read", lambda: next(seconds))) == [0, 1, 2]
    assert capsys.readouterr().err == "\r\x1b[K1 of 3 records read\r\x1b[K2 of 3 records read\r\x1b[K"


def test_work_of_unknown_length_shows_how_much_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = itertools.count(0, 0.9)
    assert list(counted(iter("ab"), "files counted", lambda: next(seconds))) == ["a", "b"]
    assert capsys.readouterr().err == "\r\x1b[K1 files counted\r\x1b[K"


def test_the_line_is_removed_when_the_work_stops_early(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = itertools.count(0, 5)
    work = counted(range(3), "records read", lambda: next(seconds))
    next(iter(work))
    work.close()
    assert capsys.readouterr().err == "\r\x1b[K0 of 3 records read\r\x1b[K"


def test_short_work_and_work_without_a_terminal_show_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(counted(range(3), "records read", lambda: 0.0)) == [0, 1, 2]
    assert list(shown(range(3), "records read")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
