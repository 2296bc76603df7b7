"""200 groups on a pool whose jobs see no file of the submit side, with jobs killed, evicted, held, removed and retried.

The programs leave the truth in a folder of the pool's machines, which qanat does not know.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.htcondor_apart import FIRST_ID
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import wait_until

pytestmark = [pytest.mark.xdist_group("htcondor apart"), pytest.mark.slow]

GROUPS, EVENTS, AT_ONCE, SEED = 200, 60, 4, 11
HAPPEN_S, SETTLE_S = 90.0, 300.0
PROGRAM = """\
truth=$1/$QANAT_GROUP.$QANAT_RUN seconds=$2 code=$3
while [ $# -gt 0 ]; do case $1 in --storage_path) out=$2 ;; esac; shift; done
token=$$-$(date +%N)
echo begin >>"$truth"
mkdir -p "$out/a folder"
sleep "$seconds"
echo "$token" >"$out/a folder/token"
echo "end $code $token" >>"$truth"
exit "$code"
"""
ENDS = (0, 0, 0, 0, 0, 3)
ACTIONS = ("kill", "vacate", "vacate fast", "hold", "hold", "remove", "cancel", "look")
RUNNING, HELD = 2, 5


class Soak:
    """A run whose jobs things happen to."""

    def __init__(self, project: OnPool) -> None:
        self.project, self.pool = project, project.pool
        self.chance = random.Random(SEED)
        self.truth = project.pool.folder / "truth"
        self.truth.mkdir()
        self.truth.chmod(0o777)
        self.killed: set[int] = set()
        self.cancelled: set[int] = set()
        self.held: dict[int, float] = {}
        self.times: dict[str, float] = {}
        self.count = 0
        self.not_yet = self.chance.sample(ACTIONS, len(ACTIONS))

    def submit(self) -> None:
        """Submit the groups."""
        self.project.experiment("soaked", PROGRAM)
        words = [f"{self.truth} {self.chance.uniform(0.5, 5):.1f} {self.chance.choice(ENDS)}" for _ in range(GROUPS)]
        since = time.monotonic()
        self.project.submit("soaked", *(part for each in words for part in ("-g", each)))
        self.times["submitted"] = time.monotonic() - since
        self.cluster = self.project.cluster()

    def jobs(self) -> dict[int, int]:
        """Return the states of the jobs in the queue, by group."""
        return {job["ProcId"]: job["JobStatus"] for job in self.pool.jobs("JobStatus")}

    def happen(self) -> None:
        """Do something to a job that runs, and release what has been held for some seconds."""
        self.release(4.0)
        running = [group for group, state in self.jobs().items() if state == RUNNING]
        if not running:
            time.sleep(0.2)
            return
        what = self.not_yet.pop() if self.not_yet else self.chance.choice(ACTIONS)
        groups = self.chance.sample(running, min(AT_ONCE, len(running)))
        jobs = [f"{self.cluster}.{group}" for group in groups]
        self.count += len(groups)
        if what == "kill":
            self.kill_programs()
        elif what.startswith("vacate"):
            self.pool.tool("condor_vacate_job", *(["-fast"] if what.endswith("fast") else []), *jobs, check=False)
        elif what == "hold":
            self.pool.tool("condor_hold", *jobs, check=False)
            self.held |= dict.fromkeys(groups, time.monotonic())
        elif what == "look":
            self.project.qanat("status")
        elif what == "remove":
            self.cancelled |= set(groups)
            self.pool.tool("condor_rm", *jobs, check=False)
        else:
            self.cancelled.add(groups[0])
            self.project.qanat("cancel", "1", "--group", str(groups[0]), code=None)

    def release(self, least_s: float) -> None:
        """Release the jobs that have been held for so long."""
        due = [group for group, since in self.held.items() if time.monotonic() - since > least_s]
        if due:
            self.pool.tool("condor_release", *(f"{self.cluster}.{group}" for group in due), check=False)
        for group in due:
            del self.held[group]

    def kill_programs(self) -> None:
        """Kill some of the programs, as their machines might for lack of memory."""
        for pid in itertools.islice(programs(), AT_ONCE):
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            (group,) = [int(each.partition(b"=")[2]) for each in environment if each.startswith(b"QANAT_GROUP=")]
            self.killed.add(group)
            os.kill(pid, 9)

    def settle(self) -> None:
        """Wait until the run has ended, releasing whatever is still held."""
        since = time.monotonic()
        while self.project.shown()["state"] in ("queued", "running", "held"):
            assert time.monotonic() - since < SETTLE_S, self.project.qanat("status").out
            self.release(4.0)
            for group, state in self.jobs().items():
                if state == HELD:
                    self.held.setdefault(group, time.monotonic())
            time.sleep(0.5)
        wait_until(lambda: not self.jobs())

    def lies(self, numbers: Collection[int] = range(GROUPS)) -> list[str]:
        """List what the record has wrong about these groups."""
        found = []
        for group in [group for group in self.project.record()["groups"] if group["group"] in numbers]:
            number = group["group"]
            (file,) = [*self.truth.glob(f"{number}.*"), None][:1]
            lines = file.read_text().splitlines() if file else []
            if problem := self._lie(group, lines, self.project.storage("soaked", group=number)):
                found.append(f"{problem}: {group}, truth: {lines}, killed: {number in self.killed}")
        return found

    def _lie(self, group: dict[str, Any], truth: list[str], folder: Path) -> str:
        ends = [line.split() for line in truth if line.startswith("end")]
        token = folder / "a folder/token"
        if group["state"] == "cancelled":
            return "" if group["group"] in self.cancelled else "cancelled by nobody"
        if group.get("attempt", 1) < truth.count("begin"):
            return "has begun more often"
        if group.get("signal") == 9:
            return "" if group["group"] in self.killed and truth[-1:] == ["begin"] else "was not killed"
        if not ends or truth[-1] == "begin":
            return "did not come to its end"
        if group["exit_code"] != int(ends[-1][1]) or (group["state"] == "finished") != (group["exit_code"] == 0):
            return "ended otherwise"
        return "" if token.is_file() and token.read_text().strip() == ends[-1][2] else "has not the results of its end"


def programs() -> Iterator[int]:
    """Yield the processes of the programs, in no order."""
    for entry in Path("/proc").iterdir():
        try:
            own = entry.name.isdigit() and FIRST_ID <= entry.stat().st_uid < FIRST_ID + 1000
            if own and (entry / "cmdline").read_bytes().startswith(b"sh\0soaked.sh\0"):
                yield int(entry.name)
        except OSError:  # it has just ended
            continue


def test_whatever_happens_to_200_groups_their_record_tells_the_truth(apart: OnPool) -> None:
    soak = Soak(apart)
    soak.submit()
    since = time.monotonic()
    while soak.count < EVENTS and soak.jobs() and time.monotonic() - since < HAPPEN_S:
        soak.happen()
    soak.settle()
    soak.times["all back"] = time.monotonic() - since
    assert soak.count > EVENTS // 4
    assert soak.killed
    assert soak.cancelled
    assert "\n".join(soak.lies()) == ""
    again = [group["group"] for group in apart.record()["groups"] if group["state"] != "finished"]
    soak.cancelled.clear()
    soak.killed.clear()
    for number in again:
        for file in soak.truth.glob(f"{number}.*"):
            file.unlink()
    apart.qanat("retry", "1", "--failed", "--wait", code=1)
    assert "\n".join(soak.lies(again)) == ""
    assert apart.status() == ""
