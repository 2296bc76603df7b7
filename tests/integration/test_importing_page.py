"""The page about importing runs of other tools: every command on it runs as it stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.test_importing import STORES
from tests.support.pages import ROOT
from tests.support.reader import Reader, report
from tests.support.sandbox import Sandbox


@pytest.mark.slow
def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "ada")
    reader.cwd = Sandbox.make(tmp_path / "ada/project").root
    shutil.copytree(STORES / "sacred", tmp_path / "ada/runs")
    shutil.copytree(STORES / "mlruns", tmp_path / "ada/mlruns")
    reader.read(ROOT / "docs/importing.md")
    assert report(reader) == ""
