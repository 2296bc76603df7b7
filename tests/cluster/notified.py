"""What users of a cluster are told about runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.on_cluster import WAIT, OnCluster, wait_until
from tests.support.notified import Notified


def check_notified(project: OnCluster, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that the user is told once of a first failure, by status, and of the end, by wait with its command."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    told = Notified(folder / "config")
    project.experiment("wait", WAIT)
    gate, none = project.gate(), project.gate("none")
    none.touch()
    project.submit("wait", "-g", f"'{none}' 3", "-g", f"'{gate}' 0")
    project.begun(1, 1)
    project.ended(1, 0)
    wait_until(lambda: project.qanat("status") and told.titles)
    waiting = project.start("wait", "1", "--then", 'echo "$QANAT_RUNS $QANAT_STATE" >../then')
    gate.touch()
    waiting.communicate()
    assert waiting.returncode == 1
    assert (project.root.parent / "then").read_text() == "1 failed\n"
    project.qanat("status")
    wait_until(lambda: len(told.titles) == 2)
    assert told.titles == ["qanat: run 1 of wait: first failure", "qanat: run 1 of wait failed"]
    assert told.messages[1][1].startswith("1 failed, 1 finished; after ")
