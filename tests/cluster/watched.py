"""How users of a cluster watch a run, whichever scheduler it has."""

from __future__ import annotations

import subprocess
import sys

from tests.cluster.on_cluster import JOB_S, WAIT, OnCluster
from tests.support.terminal import Terminal


def submit_two(project: OnCluster) -> None:
    """Submit a run of two groups, and wait until both run."""
    project.experiment("wait", WAIT)
    project.submit("wait", str(project.gate()), "0", "-R", "--n 0 2 1")
    project.begun(group=0)
    project.begun(group=1)
    project.wait_for_states("running", "running")


def check_logs_followed(project: OnCluster) -> None:
    """Check that `logs -f` shows what a job prints at once, and ends with it."""
    project.experiment("wait", WAIT)
    project.submit("wait", str(project.gate()), "0")
    words = [sys.executable, "-m", "qanat", "logs", "1", "-f"]
    process = subprocess.Popen(words, cwd=project.root, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("begun with ")
    assert process.poll() is None
    project.gate().touch()
    assert process.wait(JOB_S) == 0
    process.stdout.close()


def check_live_table(project: OnCluster) -> None:
    """Check that a table that is redrawn shows the end of run 1."""
    with Terminal(project.root, "experiment", "status", "wait", "--live") as terminal:
        terminal.see("running")
        project.gate().touch()
        terminal.see("finished")
        terminal.press("q")
        terminal.ends()
