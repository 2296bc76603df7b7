"""Many runs on a pool at once to which things happen, and whether their records tell the truth in the end."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import JOB_S
from tests.support.invariants import violations
from tests.support.sandbox import wait_until

EXPERIMENT = "soaked"
# $1 is a file that it waits for, so that all runs are there before one ends, and things can happen to them; $2 is
# how many seconds it takes then, $3 how it ends; after them comes --storage_path DIR. What it writes into `begins`
# and `truth` is what qanat's records are compared with.
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
FACTORY = "max_materialize: 15\n"
EVENTS = ("hold", "hold", "remove", "vacate", "look", "look", "hold run", "cancel run")
ENDS = ("0", "0", "0", "0", "1", "3", "kill")
EXPECTED = {"0": ("finished", 0, None), "kill": ("failed", None, 9)}
# A job that is released while HTCondor still ends its program is forgotten by 23.9, so it gets this long for that.
HELD_S = 4.0
SETTLE_S = 900.0
KICK_S = 30.0
IDLE, RUNNING, HELD = 1, 2, 5
Job = tuple[int, int]


class Soak:
    """A project whose runs are all on the pool: submit(), happen() as often as it is to, let_go() meanwhile, settle().

    A program takes up to `longest_s` seconds once it has been let go.
    """

    def __init__(self, project: OnPool, seed: int, longest_s: float) -> None:
        self.project = project
        self.happened: Counter[str] = Counter()
        self._longest_s = longest_s
        self._chance = random.Random(seed)
        self._to_come: list[str] = []
        self._held: dict[Job, float] = {}
        self._removed: set[Job] = set()
        self._cancelled: set[int] = set()
        project.experiment(EXPERIMENT, PROGRAM)
        project.template("few", FACTORY)

    def submit(self, runs: int, groups: int) -> None:
        """Submit runs, whose programs wait; the schedd makes the jobs of every other one by one."""
        for number in range(runs):
            words = [w for _ in range(groups) for w in ("-g", self._words())]
            template = ["--submit_template", "few"] if number % 2 else []
            self.project.qanat("run", EXPERIMENT, str(self.project.gate()), *words, "--runner", "htcondor", *template)
        in_flight = self.project.qanat("status", "--json").json["in_flight"]
        assert len(in_flight) == runs, "not all runs are in flight at once"

    def let_go(self) -> None:
        """Let the programs come to their ends."""
        self.project.gate().touch()

    def _words(self) -> str:
        return f"{self._chance.uniform(0.1, self._longest_s):.1f} {self._chance.choice(ENDS)}"

    # ---- what happens to jobs

    def happen(self) -> None:
        """Do something to a job that is in the queue, or to a run."""
        jobs = self.project.pool.jobs("JobStatus", "QanatIntent")
        self._release_some()
        if not jobs:
            return
        job = self._chance.choice(jobs)
        name = (job["ClusterId"], job["ProcId"])
        if not self._to_come:
            self._to_come = self._chance.sample(EVENTS, len(EVENTS))
        what = self._to_come.pop()
        match what, job["JobStatus"]:
            case "hold", 1 | 2:
                self._tool("condor_hold", name)
                self._held[name] = time.monotonic()
            case "remove", _:
                self._removed.add(name)
                self._held.pop(name, None)
                self._tool("condor_rm", name)
            case "vacate", 2:
                self._tool("condor_vacate_job", name)
            case "look", _:
                self.project.qanat("status")
            case "hold run", _ if self._chance.random() < 0.2:
                self._hold_run(job["QanatIntent"])
            case "cancel run", _ if len(self._cancelled) < 2 and self._chance.random() < 0.1:
                number = self._number(job["QanatIntent"])
                self._cancelled.add(number)
                self.project.qanat("cancel", str(number), code=None)
            case _:
                return
        self.happened[what] += 1

    def crash(self) -> None:
        """Kill the schedd; its master starts it again."""
        self.project.pool.restart_daemon("SCHEDD")
        self.happened["crash of the schedd"] += 1

    def _tool(self, tool: str, job: Job) -> None:
        # It may have ended meanwhile.
        self.project.pool.tool(tool, f"{job[0]}.{job[1]}", check=False)

    def _number(self, intent: str) -> int:
        (found,) = [r for r in self.project.records() if r["submission"]["intent"] == intent]
        return int(found["id"].partition("-")[0])

    def _hold_run(self, intent: str) -> None:
        number = self._number(intent)
        if self.project.qanat("hold", str(number), code=None).code == 0:
            cluster = self.project.cluster(number)
            for job in self.project.pool.jobs(constraint=f"ClusterId == {cluster}"):
                self._held[cluster, job["ProcId"]] = time.monotonic()
            self._held[cluster, -1] = time.monotonic()

    def _release_some(self, *, all_of_them: bool = False) -> None:
        """Let go on what has been held for a while; job -1 stands for a cluster with what makes its jobs."""
        for (cluster, proc), since in list(self._held.items()):
            if all_of_them or time.monotonic() - since > HELD_S:
                name = f"{cluster}.{proc}" if proc >= 0 else str(cluster)
                self.project.pool.tool("condor_release", name, check=False)
                del self._held[cluster, proc]

    # ---- the end

    def settle(self) -> list[str]:
        """Let everything come to its end, and list what is not true of it."""
        time.sleep(HELD_S)  # for the last ones that were held; see HELD_S
        self._release_some(all_of_them=True)
        kicked = time.monotonic()
        deadline = kicked + SETTLE_S
        while self.project.qanat("status", "--json").json["in_flight"]:
            if time.monotonic() > deadline:
                return [f"still in flight: {self.project.qanat('status').out}"]
            if time.monotonic() - kicked > KICK_S:
                self._kick()
                kicked = time.monotonic()
        found = violations_in_git(self.project)
        for record in self.project.records():
            found += self._lies(record)
        return found

    def _kick(self) -> None:
        """Hold and release what waits though there is room for it."""
        waiting = self.project.pool.jobs("JobStatus", constraint=f"JobStatus == {IDLE} || JobStatus == {HELD}")
        for tool in ("condor_hold", "condor_release"):
            for job in waiting:
                self._tool(tool, (job["ClusterId"], job["ProcId"]))
        self.happened["kick"] += bool(waiting)

    def _lies(self, record: dict[str, Any]) -> list[str]:
        number = int(record["id"].partition("-")[0])
        folder = self.project.storage(EXPERIMENT, number)
        found = []
        for group in record["groups"]:
            cluster, _, proc = group["job"].partition(".")
            was_removed = (int(cluster), int(proc)) in self._removed or number in self._cancelled
            if problem := lie_about(group, folder / f"group_{group['group']}", was_removed=was_removed):
                found.append(f"run {number}, group {group['group']}: {problem}")
        return found


def lie_about(group: dict[str, Any], folder: Path, *, was_removed: bool) -> str:
    """Say what a group's line in the record says wrongly; empty when it tells the truth."""
    truth = _read(folder / "truth")
    has_ended = (folder / "completion.json").exists()
    if was_removed and not has_ended:
        # It may have been at its very end when it was told to stop.
        return "" if group["state"] == "cancelled" else f"removed, and {group['state']} in the record"
    if not truth or not has_ended:
        return f"{group['state']}, though nothing was done to it and its program did not come to its end"
    expected = EXPECTED.get(truth, ("failed", int(truth) if truth.isdecimal() else None, None))
    said = (group["state"], group.get("exit_code"), group.get("signal"))
    if said != expected:
        return f"{said} in the record, and its program says {expected}"
    attempt, starts = group.get("attempt", 1), _read(folder / "starts").splitlines()
    if starts[attempt:] and datetime.fromisoformat(starts[attempt]) >= group["ended"]:
        # HTCondor was told to hold or evict the job as its program ended, and ran it again; the record is of that end.
        return ""
    begins = _read(folder / "begins").count("\n") + 1
    if attempt != len(starts) or begins > len(starts):
        return f"attempt {attempt} in the record, {len(starts)} starts of its script, {begins} of its program"
    metadata = json.loads((folder / "completion.json").read_text())
    return "" if metadata["attempt"] == attempt else f"attempt {metadata['attempt']} in the completion file"


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def violations_in_git(project: OnPool) -> list[str]:
    """List what does not hold of the repository; the records are compared with the truth elsewhere."""
    found = [v for v in violations(project) if not v.startswith("run ")]
    wait_until(lambda: project.pool.jobs() == [], JOB_S)
    return found
