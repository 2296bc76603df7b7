"""The pictures of the page in the documentation: the script that takes them still can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_pictures_can_be_taken_again(browser: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "docs/pictures.py", tmp_path / "taken"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    assert {file.name for file in (tmp_path / "taken").iterdir()} == {
        file.name for file in (ROOT / "docs/pictures").iterdir()
    }
