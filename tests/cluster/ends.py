"""How programs end on a real scheduler, which records tell alike on all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from qanat.records import environments
from qanat.usecases.environment import machines
from tests.cluster.on_cluster import OnCluster

ENDS = 'case $1 in signal) kill -"$2" $$; sleep 10 ;; missing) exec no-such-program ;; *) exit "$1" ;; esac\n'


def completion(folder: Path) -> dict[str, object]:
    """Return the content of a completion file."""
    content: dict[str, object] = json.loads((folder / "completion.json").read_text())
    return content


def check_ends(project: OnCluster) -> None:
    """Check that exit codes and signals are recorded, with their moments and their machine."""
    project.experiment("end", ENDS)
    groups = ["0", "3", "126", "255", "signal KILL", "signal SEGV", "missing"]
    words = [word for group in groups for word in ("-g", group)]
    said = project.qanat("run", "end", *words, "--runner", project.runner, "--wait", code=1).err
    record = project.record()
    assert record["state"] == "failed"
    ends = [(g["state"], g.get("exit_code"), g.get("signal"), g.get("reason")) for g in record["groups"]]
    assert ends == [
        ("finished", 0, None, None),
        ("failed", 3, None, "exit code 3"),
        ("failed", 126, None, "exit code 126"),
        ("failed", 255, None, "exit code 255"),
        ("failed", None, 9, "ended by SIGKILL"),
        ("failed", None, 11, "ended by SIGSEGV"),
        ("failed", 127, None, "exit code 127"),
    ]
    assert "qanat: 6 of 7 groups failed\n" in said
    assert "  group 1: exit code 3; see results/end/run_1/group_1/stderr.txt\n" in said
    for number, group in enumerate(project.groups()):
        written = completion(project.storage("end", group=number))
        assert (group["started"], group["ended"]) == (written["started"], written["ended"])
        assert group["host"] == written["host"] == os.uname().nodename
        machine = project.root / f".qanat/environments/machines/{group['machine']}.yaml"
        assert machine.read_bytes() == environments.encode_machine(machines.here()).data
    assert "not found" in (project.storage("end", group=6) / "stderr.txt").read_text()
    assert project.status() == ""


def check_measured(project: OnCluster) -> None:
    """Check that metrics and outputs of a job are recorded."""
    project.experiment("measure", 'echo out; echo err >&2; echo \'{"acc": 0.5}\' >"$2/metrics.json"\n')
    project.qanat("run", "measure", "--runner", project.runner, "--wait")
    assert project.record()["groups"][0]["metrics"] == {"acc": 0.5}
    assert project.qanat("logs", "1").out == "out\n"
    assert project.qanat("logs", "1", "--stderr").out == "err\n"
