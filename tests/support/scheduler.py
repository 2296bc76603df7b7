"""A scheduler that is a small world of its own: its jobs wait, run, vanish, come back and lie, as a test has them do.

Nothing happens by itself. Time moves only when a test moves the clock, and only then does what was put off come true.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from qanat.domain import times
from qanat.domain.completion import COMPLETION, EARLIER, SIGNAL_BASE, STOPPED, signal_name
from qanat.domain.run import State
from qanat.domain.shipment import Shipment
from qanat.runners.api import (
    JobBatch,
    JobHandle,
    JobSpec,
    JobStatus,
    RunnerDefaults,
    RunnerUnavailable,
    Sightings,
    Submission,
    job_script,
)

START = "2026-11-23T05:17:55+00:00"


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: str = START) -> None:
        self._start = times.parse(start)
        self._passed_s = 0.0
        self._agenda: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> str:
        """Return the time that the test has moved the clock to."""
        return (self._start + timedelta(seconds=self._passed_s)).isoformat(timespec="seconds")

    def monotonic(self) -> float:
        """Return the seconds that the clock was moved in all."""
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        """Move the clock at once, since nothing in a test really waits."""
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass, and what was put off happen on the way, each at its time."""
        until = self._passed_s + seconds
        while due := [entry for entry in self._agenda if entry[0] <= until]:
            first = min(due, key=lambda entry: entry[0])
            self._agenda.remove(first)
            self._passed_s = first[0]
            first[1]()
        self._passed_s = until

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        """Put something off; with 0 seconds it happens at once."""
        if seconds:
            self._agenda.append((self._passed_s + seconds, what))
        else:
            what()


@dataclass
class Job:
    """A job: how it is doing, and what its scheduler says, which need not be the same."""

    clock: MovableClock
    name: str
    intent: str
    spec: JobSpec
    status: JobStatus = field(default_factory=lambda: JobStatus(State.QUEUED))
    listed: bool = True
    _answers: list[JobStatus] = field(default_factory=list)

    # ---- what happens to it

    def starts(self, host: str = "node7") -> None:
        """Begin to run on a machine of the cluster."""
        self.spec.storage.mkdir(parents=True, exist_ok=True)
        (self.spec.storage / "stdout.txt").touch()
        self._notes_the_end_before()
        restarts = self.status.restarts
        self.status = JobStatus(State.RUNNING, started=self.clock.now(), host=host, restarts=restarts)

    def ends(self, status: int = 0, *, file_after_s: float | None = 0.0, cause: str = "") -> None:
        """Come to an end with a shell's exit status; the completion file shows after some seconds, or never."""
        if self.status.started is None:
            self.starts()
        text = self._file(status)
        if file_after_s is not None:
            self.clock.after(file_after_s, lambda: self.leaves(text))
        state = State.FAILED if status else State.FINISHED
        code, number = (None, status - SIGNAL_BASE) if status > SIGNAL_BASE else (status, None)
        reason = f"killed by {signal_name(number)}" if number else f"exit code {status}" if status else ""
        ended = replace(self.status, state=state, ended=self.clock.now(), reason=reason, cause=cause)
        self.status = replace(ended, exit_code=code, signal=number)

    def is_stopped(self, state: State = State.FAILED, reason: str = "TIMEOUT") -> None:
        """Be ended by the scheduler while the program runs, which leaves another file."""
        if self.status.started is not None:
            self.leaves(self._file(SIGNAL_BASE + 15), STOPPED)
        self.status = replace(self.status, state=state, ended=self.clock.now(), reason=reason)

    def is_removed(self) -> None:
        """Be cancelled, by whomever."""
        self.is_stopped(State.CANCELLED, "CANCELLED by 1000")

    def is_held(self, reason: str = "JobHeldUser") -> None:
        """Be held."""
        self.status = replace(self.status, state=State.HELD, reason=reason)

    def is_released(self) -> None:
        """Wait again."""
        self.status = replace(self.status, state=State.QUEUED, reason="")

    def is_requeued(self) -> None:
        """Wait once more, for another start."""
        self.status = JobStatus(State.QUEUED, restarts=self.status.restarts + 1)

    def vanishes(self) -> None:
        """Be forgotten by the scheduler; the job itself goes on."""
        self.listed = False

    def comes_back(self) -> None:
        """Be known again."""
        self.listed = True

    # ---- what is said of it

    def says(self, *answers: JobStatus) -> None:
        """Let the scheduler give these answers first, one at each look, whatever the truth is."""
        self._answers += answers

    def answer(self) -> JobStatus:
        """Return what the scheduler says now."""
        if self._answers:
            return self._answers.pop(0)
        return self.status if self.listed else JobStatus(None)

    # ---- what it leaves

    def leaves(self, text: str, name: str = COMPLETION) -> None:
        """Leave a file in the job's directory."""
        self.spec.storage.mkdir(parents=True, exist_ok=True)
        (self.spec.storage / name).write_text(text)

    def _notes_the_end_before(self) -> None:
        """Note how the attempt before this one ended, as the script does when it starts, and clear its files."""
        own = self.spec.storage
        for name, end in ((COMPLETION, "exit"), (STOPPED, "stopped")):
            if self.status.restarts and (own / name).exists():
                line = {"end": end} | json.loads((own / name).read_text())
                with (own / EARLIER).open("a") as file:
                    file.write(json.dumps(line) + "\n")
            (own / name).unlink(missing_ok=True)

    def _file(self, status: int) -> str:
        """Return what the script around a program leaves when it ends now."""
        attempt = self.spec.attempt + self.status.restarts
        content = {"attempt": attempt, "status": status, "started": self.status.started, "ended": self.clock.now()}
        return json.dumps(content | {"host": self.status.host}) + "\n"


class Killed(BaseException):
    """This process is gone, as by SIGKILL: nothing of qanat's comes after it."""


class Scheduler(RunnerDefaults):
    """The scheduler: it takes jobs, and answers when it is not down.

    `down` is why it does not answer, `answer_s` is how long an answer takes, `listed_after_s` how long a job that was
    taken is not listed yet, `waits_for` why jobs are queued,
    `unshippable` why nothing can be shipped to them. `refuses`, `dies_before` and `dies_after` are raised
    before and after jobs are taken.
    """

    name = "world"
    title = "the world's scheduler"

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.jobs: list[Job] = []
        self.batches: list[JobBatch] = []
        self.polls: list[list[JobHandle]] = []
        self.finds: list[tuple[str, list[int], str]] = []
        self.down = ""
        self.answer_s = 0.0
        self.waits_for = ""
        self.unshippable = ""
        self.explained: list[list[JobHandle]] = []
        self.listed_after_s = 0.0
        self.before_taking: Callable[[JobBatch], object] = lambda batch: None
        self.after_taking: Callable[[JobBatch], object] = lambda batch: None

    def of(self, *groups: int) -> Iterator[Job]:
        """List the last job of each of these groups."""
        for group in groups:
            yield [job for job in self.jobs if job.spec.group == group][-1]

    # ---- what a runner is asked

    def check(self) -> None:
        """Raise RunnerUnavailable while it is down."""
        self._answer()

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return whether a job that ended may be started again, which an option says."""
        return bool(options.get("requeue"))

    def limit_keys(self, options: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the options called mem and time."""
        return {what: [key for key in options if key == name] for what, name in (("memory", "mem"), ("time", "time"))}

    def again_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List an option that keeps jobs from being queued again."""
        return ["once: keeps jobs from being queued again"] if options.get("once") else []

    def render(self, batch: JobBatch) -> str:
        """Return the script."""
        return job_script.preview(batch)

    def shipment_problem(self, shipment: Shipment, folder: Path) -> str:
        """Return why nothing can be shipped."""
        return self.unshippable

    def submit(self, batch: JobBatch) -> Submission:
        """Take jobs."""
        self.before_taking(batch)
        self._answer()
        self.batches.append(batch)
        cluster = len(self.batches)
        jobs = [Job(self.clock, f"{cluster}.{spec.group}", batch.intent, spec) for spec in batch.jobs]
        for job in jobs if self.listed_after_s else ():
            job.vanishes()
            self.clock.after(self.listed_after_s, job.comes_back)
        for job in jobs if batch.held else ():
            job.is_held()
        self.jobs += jobs
        self.after_taking(batch)
        return self._submission(jobs)

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the listed jobs of an intent."""
        self.finds.append((intent, list(jobs), since))
        self._answer()
        found = [job for job in self.jobs if job.intent == intent and job.spec.group in jobs and job.listed]
        return self._submission(found) if found else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Return the answers about jobs."""
        self.polls.append(list(handles))
        self._answer()
        known = {(job.name, job.intent): job for job in self.jobs}
        unseen = JobStatus(None)
        return Sightings(
            {h: known[h.job, h.intent].answer() if (h.job, h.intent) in known else unseen for h in handles}
        )

    def why_waiting(self, handles: Sequence[JobHandle]) -> dict[JobHandle, str]:
        """Return what all jobs wait for."""
        self.explained.append(list(handles))
        self._answer()
        return dict.fromkeys(handles, self.waits_for)

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs."""
        for job in self._named(handles):
            job.is_removed()

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold jobs."""
        for job in self._named(handles):
            job.is_held()

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release jobs."""
        for job in self._named(handles):
            job.is_released()

    def hand_over(self, batch: JobBatch, handles: Sequence[JobHandle], command: Sequence[str]) -> bool:
        """Leave it to qanat to release jobs."""
        return False

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return a line for each job."""
        return "".join(f"{job.name} {job.status.state}\n" for job in self._named(handles))

    def _named(self, handles: Sequence[JobHandle]) -> list[Job]:
        """Return the jobs that have these names and carry these intents."""
        self._answer()
        named = {(handle.job, handle.intent) for handle in handles}
        return [job for job in self.jobs if (job.name, job.intent) in named]

    def _answer(self) -> None:
        self.clock.move(self.answer_s)
        if self.down:
            raise RunnerUnavailable(self.down)

    def _submission(self, jobs: Sequence[Job]) -> Submission:
        cluster = jobs[0].name.partition(".")[0]
        return Submission({job.spec.group: job.name for job in jobs}, {"cluster": int(cluster)})
