"""Waiting for the ends of runs, or for the first of them, wherever they were started."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qanat.domain.run import Run
from qanat.runners.protocol import Runners
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.view import Outcome
from qanat.usecases.project import Project
from qanat.usecases.runs import files
from qanat.usecases.tracking.find import Found, check_may_end, find_run
from qanat.usecases.tracking.refresh import Refreshed

POLL_S = 1.0
POLL_MAX_S = 10.0
POLL_HERE_S = 0.5
SLOWER = 1.2
# How often a run that has ended is looked at until its watcher has recorded it.
RECORDING_LOOKS = 20

# Called after each look with the runs as they are now, and sentences on them.
Seen = Callable[[Sequence[Run], Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Awaited:
    """Runs as they are when the wait is over: `found` are all of them, `ended` and `active` those that are so.

    `interrupted` is the signal that ended the wait early, `is_late` says that its time was up.
    """

    found: tuple[Found, ...]
    ended: tuple[Outcome, ...]
    active: tuple[Run, ...]
    interrupted: int | None = None
    is_late: bool = False


def wait_for_several(
    project: Project,
    runs: Sequence[Run],
    runners: Runners,
    seen: Seen,
    *,
    any_one: bool = False,
    timeout_s: float | None = None,
) -> Awaited:
    """Poll runs until all of them have ended, or any one, or until timeout_s is over. Ctrl-C ends the wait.

    Raises UsageError for a run that never ends, since its intent was made for another one.
    """
    looks = Looks(project, [run.id for run in runs], runners, seen)
    here = all(runners.is_in_process(run.runner.name) for run in runs)
    interrupted, in_time = None, True
    try:
        in_time = looks.until_ended(here=here, any_one=any_one, timeout_s=timeout_s)
    except KeyboardInterrupt:
        interrupted = signal.SIGINT
    done = tuple(Outcome(found.run, tuple(files.metric_problems(project, found))) for found in looks.ended())
    ids = {outcome.run.id for outcome in done}
    now = {found.run.id: found.run for found in looks.found}
    active = tuple(now.get(run.id, run) for run in runs if run.id not in ids)
    return Awaited(looks.found, done, active, interrupted, is_late=not in_time)


class Looks:
    """Repeated looks at runs, all of them at once."""

    def __init__(self, project: Project, ids: Sequence[str], runners: Runners, seen: Seen) -> None:
        self._project, self._ids, self._runners, self._seen = project, ids, runners, seen
        self._found: dict[str, Found] = {}
        self._unrecorded = dict.fromkeys(ids, 0)
        self._over: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    def ended(self) -> list[Found]:
        """List the runs that have ended and are recorded."""
        return [self._found[run] for run in self._ids if run in self._over]

    @property
    def found(self) -> tuple[Found, ...]:
        """The runs as they were seen last; none before the first look."""
        return tuple(self._found.values())

    def until_ended(self, *, here: bool, any_one: bool = False, timeout_s: float | None = None) -> bool:
        """Look until all runs have ended, or any one; return whether that was in time.

        If a scheduler is asked, which has others to answer, it is asked less often over time.
        """
        pause_s, most_s = (POLL_HERE_S, POLL_HERE_S) if here else (POLL_S, POLL_MAX_S)
        clock = self._project.clock
        until = None if timeout_s is None else clock.monotonic() + timeout_s
        while True:
            self.look()
            if len(self._over) >= (1 if any_one else len(self._ids)):
                return True
            left_s = pause_s if until is None else until - clock.monotonic()
            if left_s <= 0:
                return False
            clock.sleep(min(pause_s, left_s))
            pause_s = min(pause_s * SLOWER, most_s)

    def look(self, *, retries_due: bool = True) -> list[Found]:
        """Look at the runs once, and return them; see refreshed(). Raises UsageError for one that never ends."""
        with refreshed(self._project, self._runners, retries_due=retries_due) as (index, result):
            self._found = {run: find_run(self._project, index, result, run) for run in self._ids}
        self._seen([found.run for found in self._found.values()], [*result.notes_on(*self._ids), *self._retries()])
        for found in self._found.values():
            check_may_end(found, "it never ends")
            if self._is_over(found, result):
                self._over.add(found.run.id)
        return [*self._found.values()]

    def _retries(self) -> list[str]:
        """List what runs wait for before groups of theirs are retried, if that is new."""
        pending = [found.retry for found in self._found.values() if found.retry]
        new = [one for one in pending if (one.id, one.cause) not in self._told]
        self._told.update((one.id, one.cause) for one in new)
        return [str(one) for one in new]

    def _is_over(self, found: Found, result: Refreshed) -> bool:
        if not found.run.state.ended or found.record in result.pending:
            return False
        self._unrecorded[found.run.id] += 1
        return found.record not in result.live or self._unrecorded[found.run.id] > RECORDING_LOOKS
