"""A table of runs that redraws itself until the user quits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from qanat.cli import session
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, clean, is_terminal, note_line, plural
from qanat.cli.terminal.run_table import run_table
from qanat.cli.terminal.screen import Screen
from qanat.cli.terminal.tables import GAP, cells, cut
from qanat.domain.curves import plain_step
from qanat.domain.run import Run, State
from qanat.errors import UsageError
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.runs import listing
from qanat.usecases.runs.listing import RunLine
from qanat.usecases.runs.newest_values import NewestValues, newest_values
from qanat.usecases.runs.waiting import waiting

REDRAW_S = 1.0
PAUSE_S = 0.2
ROWS_WITH_GAP = 10
NOTES_SHOWN = 2
ROWS_WITH_NEWEST = 16
NEWEST_SHOWN = 5
VALUES_SHOWN = 10
NAME_MAX = 40
QUIT = "q to quit"


@dataclass(frozen=True, slots=True)
class View:
    """What a live table shows: the newest runs, of how many, how many are active, and when that was.

    `newest` are lines with the newest values of curves.
    """

    name: str
    lines: Sequence[RunLine]
    total: int
    active: int
    clock: str
    notes: Sequence[str]
    newest: Sequence[str] = ()


def live_table(project: Project, experiment: str | None) -> None:
    """Show the newest runs that fit, once a second, until q or Ctrl-C. Raises UsageError without a terminal."""
    if not is_terminal():
        raise UsageError("--live requires a terminal", hint="run it without --live")
    with Screen() as screen:
        view, next_look = None, 0.0
        while True:
            size = screen.size()
            begun = time.monotonic()
            if view is None or begun >= next_look:
                view = _look(project, experiment, newest=size[1])
                next_look = max(begun + REDRAW_S, time.monotonic() + PAUSE_S)
            screen.draw(frame(view, *size), size)
            if screen.wait_for_quit(next_look - time.monotonic()):
                return


def _look(project: Project, experiment: str | None, *, newest: int) -> View:
    with refreshed(project, session.runners()) as (index, result):
        lines = listing.run_lines(index, result, project.root, experiment=experiment, newest=newest)
        counts = listing.count_runs(index, result)
        unreadable = index.unreadable(experiment)
        active = _of(result.live.values(), experiment)
        shown = {line.summary.id for line in lines}
        due = [one for one in result.retries.values() if one.id in shown]
    states = [counts.get(experiment, {})] if experiment else list(counts.values())
    return View(
        name=experiment or project.root.name,
        lines=lines,
        total=max(len(lines), sum(sum(found.values()) for found in states)),
        active=sum(count for found in states for state, count in found.items() if state in State.LIVE),
        clock=time.strftime("%H:%M:%S"),
        notes=[*result.notes, *unreadable, *map(str, [*waiting(active), *due])][:NOTES_SHOWN],
        newest=[*map(values_line, islice(newest_values(project, active), NEWEST_SHOWN))],
    )


def values_line(found: NewestValues) -> str:
    """Write the newest values of a group on one line."""
    who = f"run {found.run}" if found.group is None else f"run {found.run}, group {found.group}"
    step = "" if found.newest.step is None else f"step {plain_step(found.newest.step):,}: "
    values = (f"{brief(name, NAME_MAX)} {value:.6g}" for name, value in found.newest.values.items())
    return f"{MARKS[State.RUNNING]} {who}: {step}{', '.join(islice(values, VALUES_SHOWN))}"


def _of(runs: Iterable[Run], experiment: str | None) -> list[Run]:
    """List the runs of an experiment, or all, the newest first."""
    found = (run for run in runs if experiment in (None, run.experiment))
    return sorted(found, key=lambda run: (run.created, run.number), reverse=True)


def frame(view: View, columns: int, rows: int) -> list[str]:
    """Return the lines of a screen of this size: title, table, what does not fit, and notes."""
    above = [_title(view, columns), *([""] if rows >= ROWS_WITH_GAP else [])]
    values = ["", *view.newest] if view.newest and rows >= ROWS_WITH_NEWEST else []
    below = [*values, *map(note_line, view.notes)]
    room = rows - len(above) - len(below) - 1
    if view.total > room:
        room -= 1
    shown = view.lines[: max(0, room)]
    lines = [*above, *(run_table(shown, columns)), *_more(view, shown), *below]
    # A wrapped line would push another one off the screen.
    return [cut(clean(line), columns) for line in lines[:rows]]


def _title(view: View, columns: int) -> str:
    left = clean(f"{view.name}: {plural(view.active, 'active run')}")
    whole = f"{left}{GAP}{view.clock}{GAP}{QUIT}"
    return whole if cells(whole) <= columns else f"{cut(left, max(1, columns - len(GAP + QUIT)))}{GAP}{QUIT}"


def _more(view: View, shown: Sequence[RunLine]) -> list[str]:
    if not view.total:
        return ["no runs yet"]
    more = view.total - len(shown)
    active = view.active - sum(line.is_active for line in shown)
    return [f"… and {more:,} more{f', {active:,} of them active' if active > 0 else ''}"] if more else []
