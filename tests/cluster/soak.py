"""Many runs on a scheduler at once, to which things happen, and a check of their records at the end."""

from __future__ import annotations

import json
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from tests.cluster.on_cluster import OnCluster, wait_until
from tests.support.invariants import violations

EXPERIMENT = "soaked"
# $1 is a file that it waits for, so that all runs are there before one ends, and things can happen to them; $2 is
# how many seconds it takes then, $3 how it ends, with `later` in its third attempt or a later one; after them comes
# --storage_path DIR. What it writes into `begins` and `truth` is what qanat's records are compared with.
PROGRAM = """\
for word; do [ "$previous" != --storage_path ] || storage=$word; previous=$word; done
echo x >>"$storage/begins"
n=0
while [ ! -e "$1" ] && [ $((n += 1)) -lt 1200 ]; do sleep 0.5; done
sleep "$2"
if [ "$3" = later ]; then [ "$QANAT_ATTEMPT" -ge 3 ] || exit 85; set -- "$1" "$2" 0; fi
echo "$3" >"$storage/truth.tmp" && mv "$storage/truth.tmp" "$storage/truth"
if [ "$3" = kill ]; then kill -9 $$; fi
exit "$3"
"""
ENDS = ("0", "0", "0", "0", "later", "1", "3", "kill")
EXPECTED = {"0": ("finished", 0, None), "kill": ("failed", None, 9)}
SETTLE_S = 900.0
KICK_S = 30.0
# States of a job in the queue; what it may be in besides, such as being stopped, is ENDING.
WAITING, RUNNING, HELD, ENDING = "waiting", "running", "held", "ending"


@dataclass(frozen=True)
class Event:
    """How often something is done, compared with the others, and the states of the jobs it can be done to."""

    weight: float
    states: tuple[str, ...] = (WAITING, RUNNING, HELD, ENDING)


# `hold` and `cancel` are done with the scheduler's own tools, the others with qanat.
EVENTS = {
    "look": Event(2),
    "hold": Event(2, (WAITING, RUNNING)),
    "hold run": Event(0.3),
    "cancel": Event(1),
    "cancel group": Event(1),
    "cancel run": Event(0.1),
}
CANCELLED_RUNS_MAX = 2
# The runs that are submitted: plain ones, those whose jobs work through several groups, one or two at a time, and those
# that come after the run before them.
KINDS: tuple[Callable[[int], list[str]], ...] = (
    lambda _: [],
    lambda _: ["--per-job", "5"],
    lambda number: ["--after", f"{number}:any"],
    lambda _: ["--per-job", "10", "-j", "2"],
)

Project = TypeVar("Project", bound=OnCluster)


class Soak(ABC, Generic[Project]):
    """A project whose runs are all on the cluster: submit(), live() through what happens to them, settle().

    A program takes up to `longest_s` seconds once it has been let go.
    """

    events: ClassVar[Mapping[str, Event]]
    # How long a job is held at least.
    held_s: ClassVar[float]

    def __init__(self, project: Project, seed: int, longest_s: float) -> None:
        self.project = project
        self.happened: Counter[str] = Counter()
        self._longest_s = longest_s
        self._chance = random.Random(seed)
        self._drawn: Counter[str] = Counter()
        # What was done to a job, and when.
        self._story: dict[str, list[tuple[str, float]]] = {}
        self._held: dict[str, float] = {}
        # Jobs, and groups of runs.
        self._cancelled: set[str | tuple[int, int]] = set()
        self._cancelled_runs: set[int] = set()
        project.experiment(EXPERIMENT, PROGRAM, checkpoint=85)
        self.prepare()

    # ---- what differs

    @abstractmethod
    def prepare(self) -> None:
        """Add what the runs need to the project."""

    @abstractmethod
    def outages(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """List the outages in order, each with the share of the events that happen before it."""

    @abstractmethod
    def jobs(self) -> dict[str, str]:
        """Map the jobs in the queue, by their names in records, to their states."""

    @abstractmethod
    def tool(self, what: str, job: str) -> bool:
        """Hold, release, cancel … a job with the scheduler's own tool; return whether that accepted it."""

    @abstractmethod
    def kick(self) -> None:
        """Help jobs that the scheduler would leave alone for long; called every half minute at the end."""

    def unstick(self) -> None:
        """Help jobs that the scheduler would leave alone forever; called at every poll at the end."""

    def words(self, number: int) -> list[str]:
        """Return additional arguments for the run after the first `number` runs."""
        return KINDS[number % len(KINDS)](number)

    def held_with(self, run: int) -> Iterable[str]:
        """List what is to be released after a run was held."""
        return self._jobs_of(run)

    def clear_queue(self) -> None:
        """Wait until nothing is in the queue."""
        wait_until(lambda: not self.jobs())

    def honest_when_cancelled(self, group: dict[str, Any], folder: Path) -> tuple[str, ...]:
        """List the states that a record may have for a group that was cancelled before its end."""
        return ("cancelled",)

    def told(self, job: str) -> str:
        """Return what the scheduler tells of a job that has ended, to explain a wrong record."""
        return ""

    def is_forgotten(self, group: dict[str, Any], folder: Path) -> bool:
        """Return whether the record describes something that the scheduler was told, or reported, but has forgotten."""
        return False

    # ---- what happens to jobs

    def submit(self, runs: int, groups: int) -> None:
        """Submit runs whose programs start and wait."""
        gate, runner = str(self.project.gate()), self.project.runner
        for number in range(runs):
            words = [w for _ in range(groups) for w in ("-g", self._program_words())]
            self.project.qanat("run", EXPERIMENT, gate, *words, "--runner", runner, *self.words(number))
        assert len(self.in_flight()) == runs, "not all runs are in flight at once"

    def _program_words(self) -> str:
        return f"{self._chance.uniform(0.1, self._longest_s):.1f} {self._chance.choice(ENDS)}"

    def in_flight(self) -> list[dict[str, Any]]:
        """Poll, and return the runs that have not ended."""
        found: list[dict[str, Any]] = self.project.qanat("status", "--json").json["in_flight"]
        return found

    def let_go(self) -> None:
        """Let the programs end."""
        self.project.gate().touch()

    def live(self, events: int, outages: Sequence[tuple[float, Callable[[], None]]]) -> int:
        """Let events happen, with outages between them; return how many events found a job."""
        done, to_come = 0, list(outages)
        for number in range(events):
            done += self.happen()
            while to_come and number >= int(to_come[0][0] * events):
                to_come.pop(0)[1]()
        return done

    def happen(self) -> bool:
        """Act on a job in the queue, or on a run; return whether there was one."""
        self._release_due()
        while jobs := self.jobs():
            what, job = self._draw(jobs)
            # A job may have ended meanwhile: then something else happens.
            if self._do(what, job):
                self.happened[what] += 1
                return True
        return False

    def _draw(self, jobs: dict[str, str]) -> tuple[str, str]:
        """Choose an event and a job that it fits, preferring events that were drawn too seldom."""
        fitting = {
            what: found
            for what, event in self.events.items()
            if (found := [job for job, state in jobs.items() if state in event.states])
        }
        what = min(fitting, key=lambda w: (self._drawn[w] + self._chance.random()) / self.events[w].weight)
        self._drawn[what] += 1
        return what, self._chance.choice(fitting[what])

    def _note(self, what: str, jobs: Iterable[str]) -> None:
        for job in jobs:
            self._story.setdefault(job, []).append((what, time.time()))

    def _do(self, what: str, job: str) -> bool:
        match what:
            case "look":
                self.project.qanat("status")
                return True
            case "hold run":
                return self._hold_run(*self._group_of(job))
            case "cancel run":
                return self._cancel_run(*self._group_of(job))
            case _:
                self._note(what, [job])
                return self._do_to_one(what, job)

    def _do_to_one(self, what: str, job: str) -> bool:
        match what:
            case "hold":
                self._held[job] = time.monotonic()
            case "cancel":
                self._cancelled.add(job)
                self._held.pop(job, None)
            case "cancel group":
                number, group = self._group_of(job)
                self._cancelled.add((number, group))
                return self.project.qanat("cancel", str(number), "--group", str(group), code=None).code == 0
        return self.tool(what, job)

    def _group_of(self, job: str) -> tuple[int, int]:
        """Return the run of a job, and one of its groups."""
        groups = [
            (_number(record), group["group"])
            for record in self.project.records()
            for group in record["groups"]
            if group.get("job") == job
        ]
        return self._chance.choice(groups)

    def _jobs_of(self, number: int) -> list[str]:
        return [group["job"] for group in self.project.record(number)["groups"]]

    def _hold_run(self, number: int, _group: int) -> bool:
        self._note("hold run", self._jobs_of(number))
        if self.project.qanat("hold", str(number), code=None).code != 0:
            return False
        self._held |= dict.fromkeys(self.held_with(number), time.monotonic())
        return True

    def _cancel_run(self, number: int, _group: int) -> bool:
        if len(self._cancelled_runs) == CANCELLED_RUNS_MAX:
            return False
        self._cancelled_runs.add(number)
        self._note("cancel run", self._jobs_of(number))
        return self.project.qanat("cancel", str(number), code=None).code == 0

    def _release_due(self) -> None:
        """Release what has been held long enough."""
        for job in [job for job, since in self._held.items() if time.monotonic() - since > self.held_s]:
            self.tool("release", job)
            del self._held[job]

    # ---- the end

    def settle(self) -> list[str]:
        """Let everything end, and list the records' errors."""
        self.let_go()
        kicked = time.monotonic()
        deadline = kicked + SETTLE_S
        while self.in_flight() or self._held:
            if time.monotonic() > deadline:
                return [f"still in flight: {self.project.qanat('status').out}"]
            self._release_due()
            self.unstick()
            if time.monotonic() - kicked > KICK_S:
                self.kick()
                kicked = time.monotonic()
            time.sleep(0.5)
        # The records are compared with the truth itself.
        found = [v for v in violations(self.project) if not v.startswith("run ")]
        self.clear_queue()
        for record in self.project.records():
            found += self._lies(record)
        return found

    def _lies(self, record: dict[str, Any]) -> list[str]:
        number, groups = _number(record), record["groups"]
        found = []
        for group in groups:
            folder = self.project.storage(EXPERIMENT, number, group["group"] if len(groups) > 1 else None)
            if problem := self._lie_about(number, group, folder):
                story = ", ".join(what for what, _ in self._story.get(group["job"], [("not touched", 0.0)]))
                left = ", ".join(sorted(path.name for path in folder.glob("*")))
                about = f"run {number}, group {group['group']}, job {group['job']} ({story})"
                found.append(f"{about}: {problem}; in the record {group}; left: {left}; {self.told(group['job'])}")
        return found

    def _lie_about(self, number: int, group: dict[str, Any], folder: Path) -> str:
        """Return what a group's row in the record gets wrong; empty if it is right."""
        if self.is_forgotten(group, folder):
            return ""
        truth = "".join(_lines(folder / "truth"))
        # A job of several groups ends one of them itself, which then leaves this file, too.
        has_ended = bool(left := _lines(folder / "completion.json")) and '"by": "cancelled"' not in left[0]
        was_cancelled = (
            group["job"] in self._cancelled
            or (number, group["group"]) in self._cancelled
            or number in self._cancelled_runs
        )
        if was_cancelled and not has_ended and group["state"] in self.honest_when_cancelled(group, folder):
            return ""
        ran_again = _ran_again(group, folder)
        if was_cancelled and not has_ended and not ran_again:
            return f"cancelled, and {group['state']} in the record"
        if not truth or not (has_ended or ran_again):
            return f"{group['state']}, though nothing was done to it and its program did not come to its end"
        expected = EXPECTED.get(truth, ("failed", int(truth) if truth.isdecimal() else None, None))
        said = (group["state"], group.get("exit_code"), group.get("signal"))
        if said != expected:
            return f"{said} in the record, and its program says {expected}"
        return "" if ran_again else _lie_about_attempt(group, folder)


def _lie_about_attempt(group: dict[str, Any], folder: Path) -> str:
    attempt, starts, begins = group.get("attempt", 1), len(_lines(folder / "starts")), len(_lines(folder / "begins"))
    if attempt != starts or begins > starts:
        return f"attempt {attempt} in the record, {starts} starts of its script, {begins} of its program"
    metadata = json.loads((folder / "completion.json").read_text())
    return "" if metadata["attempt"] == attempt else f"attempt {metadata['attempt']} in the completion file"


def _ran_again(group: dict[str, Any], folder: Path) -> bool:
    """Return whether the script was started again after the end in the record.

    That is so when the scheduler was told to hold or evict the job as its program ended, or forgot the end in a crash.
    """
    later, ended = _lines(folder / "starts")[group.get("attempt", 1) :], group.get("ended")
    return bool(later) and ended is not None and datetime.fromisoformat(later[0]) >= ended


def _number(record: dict[str, Any]) -> int:
    return int(record["id"].partition("-")[0])


def _lines(path: Path) -> list[str]:
    return path.read_text().strip().splitlines() if path.exists() else []
