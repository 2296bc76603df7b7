"""Many runs on a Slurm cluster at once to which things happen, and whether their records tell the truth in the end."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.cluster.on_cluster import JOB_S
from tests.cluster.slurm_project import OnSlurm
from tests.support.invariants import violations
from tests.support.sandbox import wait_until

EXPERIMENT = "soaked"
# $1 is a file that it waits for, so that all runs are there before one ends; $2 is how long it takes then in seconds,
# $3 how it ends; after them comes --storage_path DIR. What it writes into `begins` and `truth` is what qanat's
# records are compared with.
PROGRAM = """\
for word; do [ "$previous" != --storage_path ] || storage=$word; previous=$word; done
echo x >>"$storage/begins"
n=0
while [ ! -e "$1" ] && [ $((n += 1)) -lt 1200 ]; do sleep 0.5; done
sleep "$2"
echo "$3" >"$storage/truth.tmp" && mv "$storage/truth.tmp" "$storage/truth"
if [ "$3" = kill ]; then kill -9 $$; fi
exit "$3"
"""
ENDS = ("0", "0", "0", "0", "1", "3", "kill")
EXPECTED = {"0": ("finished", 0, None), "kill": ("failed", None, 9)}
HELD_S = 2.0
SETTLE_S = 900.0
# Which jobs something can happen to, where not to all.
FITTING = {"hold": "PENDING", "requeue": "RUNNING"}
WHAT = ("hold", "hold", "requeue", "requeue", "cancel", "look", "look", "hold run", "cancel group", "cancel run")


class Soak:
    """A project whose runs are all on the cluster; let_go(), use happen() before and after, then settle().

    A program takes up to `longest_s` seconds.
    """

    def __init__(self, project: OnSlurm, seed: int, longest_s: float) -> None:
        self.project = project
        self.happened: Counter[str] = Counter()
        self._longest_s = longest_s
        self._chance = random.Random(seed)
        self._held: dict[str, float] = {}
        self._cancelled: set[str] = set()
        self._cancelled_runs: set[int] = set()
        project.experiment(EXPERIMENT, PROGRAM)
        # What leaves no trace is lost after a moment, and not after a minute.
        project.settings("grace: {unknown_s: 5}")

    def submit(self, runs: int, groups: int) -> None:
        """Submit runs, whose programs begin and wait."""
        gate = self.project.gate()
        for _ in range(runs):
            words = [w for _ in range(groups) for w in ("-g", self._words())]
            self.project.qanat("run", EXPERIMENT, str(gate), *words, "--runner", "slurm")
        in_flight = self.project.qanat("status", "--json").json["in_flight"]
        assert len(in_flight) == runs, "not all runs are in flight at once"

    def let_go(self) -> None:
        """Let programs go on to their ends."""
        self.project.gate().touch()

    def _words(self) -> str:
        return f"{self._chance.uniform(0.1, self._longest_s):.1f} {self._chance.choice(ENDS)}"

    # ---- what happens to jobs

    def happen(self) -> None:
        """Do something to a job that is in the queue, or to a run."""
        jobs = [line.split() for line in self.project.cluster.run("squeue", "-h", "-r", "-o", "%i %T").splitlines()]
        self._release_some()
        what = self._chance.choice(WHAT)
        fitting = [job for job, state in jobs if state == FITTING.get(what, state)]
        if fitting and self._do(what, self._chance.choice(fitting)):
            self.happened[what] += 1

    def _do(self, what: str, job: str) -> bool:
        """Do it, unless it would be too often; tell whether it was done."""
        match what:
            case "hold":
                self._control("hold", job)
                self._held[job] = time.monotonic()
            case "requeue":
                self._control("requeue", job)
            case "cancel":
                self._cancelled.add(job)
                self.project.cluster.run("scancel", job)
            case "look":
                self.project.qanat("status")
            case "hold run" if self._chance.random() < 0.3:
                self._hold_run(job)
            case "cancel group":
                number, group = self._group_of(job)
                self._cancelled.add(job)
                self.project.qanat("cancel", str(number), "--group", str(group), code=None)
            case "cancel run" if len(self._cancelled_runs) < 2 and self._chance.random() < 0.1:
                number, _ = self._group_of(job)
                self._cancelled_runs.add(number)
                self.project.qanat("cancel", str(number), code=None)
            case _:
                return False
        return True

    def stop_controller(self) -> None:
        """Stop the controller and start it again; in between qanat is used."""
        in_flight = self.project.qanat("status", "--json").json["in_flight"]
        with self.project.cluster.without_controller():
            said = self.project.qanat("status").err
            assert "did not answer" in said or not in_flight, said
        self.happened["controller stopped and started"] += 1

    def crash(self) -> None:
        """Kill the controller, and start it again."""
        self.project.cluster.kill_controller()
        self.project.cluster.start_controller()
        self.project.cluster.resume_nodes()
        self.happened["controller killed and started"] += 1

    def _control(self, what: str, job: str) -> None:
        # It may have ended meanwhile.
        self.project.cluster.run("scontrol", what, job)

    def _group_of(self, job: str) -> tuple[int, int]:
        ((number, group),) = [
            (int(record["id"].partition("-")[0]), group["group"])
            for record in self.project.records()
            for group in record["groups"]
            if group.get("job") == job
        ]
        return number, group

    def _hold_run(self, job: str) -> None:
        number, _ = self._group_of(job)
        if self.project.qanat("hold", str(number), code=None).code == 0:
            for group in self.project.record(number)["groups"]:
                self._held[group["job"]] = time.monotonic()

    def _release_some(self, *, all_of_them: bool = False) -> None:
        """Let go on what has been held for a while."""
        due = [job for job, since in self._held.items() if all_of_them or time.monotonic() - since > HELD_S]
        for job in due:
            self._control("release", job)
            del self._held[job]

    # ---- the end

    def settle(self) -> list[str]:
        """Let everything come to its end, and list what is not true of it."""
        self._release_some(all_of_them=True)
        deadline = time.monotonic() + SETTLE_S
        while self.project.qanat("status", "--json").json["in_flight"]:
            if time.monotonic() > deadline:
                return [f"still in flight: {self.project.qanat('status').out}"]
            self._release_stray()
            time.sleep(0.5)
        found = [v for v in violations(self.project) if not v.startswith("run ")]
        self._clear_queue()
        for record in self.project.records():
            found += self._lies(record)
        return found

    def _release_stray(self) -> None:
        """Release what Slurm itself holds: after a crash of its controller it holds jobs that were being started."""
        for line in self.project.cluster.squeue("%i|%T|%r"):
            job, state, reason = line.split("|")
            if state == "PENDING" and "held" in reason.lower():
                self._control("release", job)
                self.happened["held by Slurm"] += 1
        self.project.cluster.resume_nodes()

    def _clear_queue(self) -> None:
        """Cancel what Slurm would run again though its program has come to its end, as it does after a crash."""
        left = self.project.cluster.run("squeue", "-h", "-r", "-o", "%i").split()
        if left:
            self.happened["kept in the queue after its end"] += len(left)
            self.project.cluster.run("scancel", *left)
        wait_until(lambda: not self.project.cluster.run("squeue", "-h"), JOB_S)

    def _lies(self, record: dict[str, Any]) -> list[str]:
        number = int(record["id"].partition("-")[0])
        folder = self.project.storage(EXPERIMENT, number)
        found = []
        for group in record["groups"]:
            was_cancelled = group["job"] in self._cancelled or number in self._cancelled_runs
            if problem := lie_about(group, folder / f"group_{group['group']}", was_cancelled=was_cancelled):
                found.append(f"run {number}, group {group['group']}, job {group['job']}: {problem}")
        return found


def lie_about(group: dict[str, Any], folder: Path, *, was_cancelled: bool) -> str:
    """Say what a group's line in the record says wrongly; empty when it tells the truth."""
    truth = _read(folder / "truth")
    has_ended = (folder / "completion.json").exists()
    if was_cancelled and not has_ended:
        # One that was cancelled from outside before it began leaves no trace in Slurm.
        honest = ("cancelled", "lost") if not (folder / "begins").exists() else ("cancelled",)
        return "" if group["state"] in honest else f"cancelled, and {group['state']} in the record"
    if not truth or not has_ended:
        return f"{group['state']}, though nothing was done to it and its program did not come to its end"
    expected = EXPECTED.get(truth, ("failed", int(truth) if truth.isdecimal() else None, None))
    said = (group["state"], group.get("exit_code"), group.get("signal"))
    if said != expected:
        return f"{said} in the record, and its program says {expected}"
    starts, begins = (_read(folder / name).count("\n") + 1 for name in ("starts", "begins"))
    attempt = group.get("attempt", 1)
    if attempt != starts or begins > starts:
        return f"attempt {attempt} in the record, {starts} starts of its script, {begins} of its program"
    metadata = json.loads((folder / "completion.json").read_text())
    return "" if metadata["attempt"] == attempt else f"attempt {metadata['attempt']} in the completion file"


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
