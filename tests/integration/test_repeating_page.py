"""The page about repeating runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import ROOT
from tests.support.reader import Reader, report
from tests.support.sandbox import Sandbox


@pytest.mark.slow
def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "ada")
    reader.cwd = Sandbox.make(tmp_path / "ada/weather").root
    reader.read(ROOT / "docs/repeating.md")
    assert report(reader) == ""
