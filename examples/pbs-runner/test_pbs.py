"""Check that the runner does what every runner must do: on PBS if PBS_REAL is set, otherwise on the stand-in.

Set PBS_REAL where qsub works, and where jobs see the folders of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from qanat_pbs.runner import PBSRunner

from qanat.testing import RunnerContract

STAND_IN = Path(__file__).parent / "stand_in" / "pbs.py"


class TestPBS(RunnerContract):
    options = {"walltime": "1:00:00"}
    waiting = {"-a": "203001010000"}
    impossible = {"no_such_resource": 1}
    refused = {"-N": "mine", "-J": "1-3"}

    @pytest.fixture(autouse=True)
    def pbs(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the programs of the stand-in on PATH, unless those of PBS are to be used."""
        if not os.environ.get("PBS_REAL"):
            folder = tmp_path_factory.mktemp("pbs")
            subprocess.run([sys.executable, STAND_IN, "install", folder], check=True)
            monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)

    def make(self) -> PBSRunner:
        """Return the runner."""
        return PBSRunner()
