"""What is shown of an active run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.cli.runs.run_view import OutputView
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
