"""What results take how much room, and what would be removed, as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from qanat.cli.terminal import tables
from qanat.cli.terminal.output import plural
from qanat.domain.sizes import size
from qanat.domain.times import seconds_between
from qanat.usecases.cleaning.plan import CleaningPlan, Stored
from qanat.usecases.runs.removing_results import Removed

DAY_S = 86_400
AGES = ((7, "at most 7 days"), (30, "at most 30 days"), (365, "at most a year"))
SHOWN = 20
UNTAGGED = "(none)"


def as_text(plan: CleaningPlan, *, named: bool = False) -> str:
    """Return what takes how much, and what would be removed and why the rest is kept."""
    if not plan.stored:
        return "no run has results here"
    total = f"The results of {plural(len(plan.stored), 'run')} take {size(plan.bytes)}"
    parts = [total, *_tables(plan.stored)]
    leaving = {one.run.id for one in plan.leaving}
    if leaving:
        going = [one for one in plan.stored if one.run.id in leaving]
        rows = [
            (str(one.run.number), one.run.experiment, one.run.state, one.run.created[:10], size(one.bytes))
            for one in sorted(going, key=lambda one: -one.bytes)[:SHOWN]
        ]
        more = f"\n… and {len(going) - SHOWN:,} more" if len(going) > SHOWN else ""
        title = f"Would be removed: the results of {plural(len(going), 'run')} ({size(plan.leaving_bytes)})"
        parts.append(f"{title}\n{tables.table(('Run', 'Experiment', 'State', 'Date', 'Size'), rows)}{more}")
    elif not named and not plan.keep.is_limited:
        parts.append("Nothing would be removed: say what to keep in the settings (keep:), or with --newest N")
    else:
        parts.append("Nothing would be removed")
    if held := [one for one in plan.stored if one.kept and not one.by_rule]:
        kept = [(str(one.run.number), one.run.experiment, size(one.bytes), one.kept) for one in held[:SHOWN]]
        more = f"\n… and {len(held) - SHOWN:,} more" if len(held) > SHOWN else ""
        parts.append(f"Needed, and so kept:\n{tables.table(('Run', 'Experiment', 'Size', 'Reason'), kept)}{more}")
    return "\n\n".join(parts)


def _tables(stored: Iterable[Stored]) -> list[str]:
    """Return how much room results take, by experiment, state, age and tag."""
    ways: dict[str, Callable[[Stored], list[str]]] = {
        "Experiment": lambda one: [one.run.experiment],
        "State": lambda one: [one.run.state],
        "Age": lambda one: [_age(one)],
        "Tag": lambda one: list(one.run.tags) or [UNTAGGED],
    }
    found = []
    for title, take in ways.items():
        runs, room = _summed(stored, take)
        rows = [(name, f"{runs[name]:,}", size(room[name])) for name in sorted(room, key=lambda name: -room[name])]
        if title == "Tag" and rows == [(UNTAGGED, *rows[0][1:])]:
            continue
        more = f"\n… and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        found.append(f"{tables.table((title, 'Runs', 'Size'), rows[:SHOWN])}{more}")
    return found


def _summed(stored: Iterable[Stored], take: Callable[[Stored], list[str]]) -> tuple[dict[str, int], dict[str, int]]:
    runs, room = dict[str, int](), dict[str, int]()
    for one in stored:
        for name in take(one):
            runs[name] = runs.get(name, 0) + 1
            room[name] = room.get(name, 0) + one.bytes
    return runs, room


def _age(one: Stored) -> str:
    days = (seconds_between(one.run.ended or one.run.created, None) or 0.0) / DAY_S
    return next((name for most, name in AGES if days <= most), "older")


def as_mapping(plan: CleaningPlan, removed: Removed | None = None) -> dict[str, Any]:
    """Return the same for programs; `removed` says what was then removed."""
    done = {one.run.id for one in removed.done} if removed else set()
    runs = [
        {
            "id": one.run.id,
            "experiment": one.run.experiment,
            "state": one.run.state,
            "ended": one.run.ended,
            "tags": list(one.run.tags),
            "storage": str(one.folder),
            "bytes": one.bytes,
            "remove": not one.kept,
            "kept": one.kept or None,
            "by_settings": one.by_rule,
        }
        | ({"removed": one.run.id in done} if removed else {})
        for one in plan.stored
    ]
    sums = {
        "experiments": lambda one: [one.run.experiment],
        "states": lambda one: [one.run.state],
        "tags": lambda one: list(one.run.tags),
    }
    found = {name: _summed(plan.stored, take)[1] for name, take in sums.items()}
    total = {"bytes": plan.bytes, "remove_bytes": plan.leaving_bytes}
    total |= {"removed_bytes": removed.bytes} if removed else {}
    return {"keep": plan.keep.as_mapping(), **total, "bytes_by": found, "runs": runs}
