"""The types of the page's modules, which their comments declare."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / ".venv/node/node_modules/.bin/tsc"
REQUIRED = os.environ.get("QANAT_TEST_BROWSER", "") == "require"


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER.exists() and not REQUIRED, reason="no TypeScript; `make test` installs it with npm")
def test_modules_are_typed() -> None:
    done = subprocess.run(
        [COMPILER, "--project", Path(__file__).with_name("tsconfig.json")], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
