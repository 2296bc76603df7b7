"""What is shown of an active run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.cli.runs import run_view
from qanat.cli.runs.run_view import OutputView
from qanat.domain.run import Group, State
from tests.unit.records.example import RUN


def test_a_pipe_that_a_program_has_put_in_place_of_its_output_is_not_waited_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "stdout.txt")
    (tmp_path / "stderr.txt").write_text("all is well\n")
    with OutputView() as view:
        view.begins(RUN, tmp_path)
        view.passing()
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith("all is well\n")


def test_a_line_in_place_of_a_bar_has_the_time_left_only_while_there_is_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_view, "LINE_EVERY_S", -1.0)
    one, two = Group(0, ()), Group(1, ())
    with run_view.GroupsView(2, bar=False) as view:
        view.changed(one)
        view.changed(replace(one, state=State.FINISHED))
        view.changed(replace(two, state=State.CANCELLED))
    assert capsys.readouterr().err.splitlines() == [
        "0 running, 0 finished, 0 failed, 1 queued; time left: unknown",
        "0 running, 1 finished, 0 failed",
        "0 running, 1 finished, 0 failed, 1 cancelled",
    ]
