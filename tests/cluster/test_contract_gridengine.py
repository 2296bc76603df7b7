"""A runner of another package (examples/gridengine-runner) does what every runner must do, on a real cell."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qanat.runners.api import Runner
from qanat.testing import RunnerContract
from tests.cluster.conftest import WANTED, without
from tests.cluster.gridengine_cell import Cell, CellUnavailable, running_cell
from tests.support.packages import ROOT

pytestmark = pytest.mark.xdist_group("gridengine")

EXAMPLE = ROOT / "examples/gridengine-runner"


@pytest.fixture(scope="session")
def cell() -> Iterator[Cell]:
    """Yield a real Grid Engine."""
    if WANTED == "off":
        pytest.skip("clusters are switched off: QANAT_TEST_CLUSTERS=off")
    try:
        with running_cell() as running:
            yield running
    except CellUnavailable as error:
        without(str(error))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example as users do, into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(folder), str(EXAMPLE)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class TestGridEngine(RunnerContract):
    options = {"h_rt": "1:0:0"}
    waiting = {"-a": "203001010000"}
    impossible = {"no_such_resource": 1}
    refused = {"-N": "mine", "-t": "1-3"}

    @pytest.fixture(autouse=True)
    def in_cell(self, cell: Cell, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process and its children find the cell, and the example."""
        monkeypatch.syspath_prepend(installed)
        monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)
        for name, value in cell.environment.items():
            monkeypatch.setenv(name, value)

    def make(self) -> Runner:
        """Return the runner."""
        runner: Any = importlib.import_module("qanat_gridengine.runner")
        made: Runner = runner.GridEngineRunner()
        return made

    def test_the_tests_beside_the_example_run_by_themselves(self, tmp_path: Path) -> None:
        shutil.copy(EXAMPLE / "test_gridengine.py", tmp_path)
        words = ["-p", "no:cacheprovider", "-W", "error", "-k", "is_waited_for or are_found_by", "test_gridengine.py"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 passed" in done.stdout
