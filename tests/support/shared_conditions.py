"""The table of conditions that Python and the page in a browser have to read alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_CONTENT = json.loads((Path(__file__).parents[1] / "data/conditions.json").read_text())
NOW: str = _CONTENT["now"]
RUNS: list[dict[str, Any]] = _CONTENT["runs"]
CASES: list[dict[str, Any]] = _CONTENT["cases"]
"""Each has `where`, and either `meets`, the numbers of the runs that meet it, or `error`."""
