"""The report on a bug that the user is asked to attach."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from qanat.cli import main

TOKEN = "hf_" + "aB3dE" * 7


def test_a_report_contains_no_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["qanat", "run", "hello", "--db_pass", "hunter2"])
    code = main._bug(RuntimeError(f"cannot use {TOKEN}"))
    assert code == 70
    said = capsys.readouterr().err
    (report,) = re.findall(r"attach (\S+)", said)
    text = Path(report).read_text()
    assert "RuntimeError: cannot use [redacted]" in text
    assert "'--db_pass', '[redacted]'" in text
    assert TOKEN not in said + text
