"""The report of `compare --environment`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qanat.cli.terminal.output import brief, say
from qanat.usecases.runs.compare_environments import Found


def print_environments(found: Sequence[Found]) -> None:
    """Print what the first run found, and how what the others found differs, a line each."""
    for line in _lines(found):
        say(brief(line))


def _lines(found: Sequence[Found]) -> Iterator[str]:
    first, *others = found
    environment = first.environment.described if first.environment else "not recorded"
    yield f"Environment of run {first.run.number}: {environment}"
    for one in others:
        yield from _of_run(one, one.differences)
    yield f"Machine of run {first.run.number}: {'; '.join(m.described for m in first.machines) or 'not recorded'}"
    for one in others:
        yield from _of_run(one, one.machine_differences)


def _of_run(one: Found, differences: Sequence[str] | None) -> Iterator[str]:
    if not differences:
        yield f"  run {one.run.number}: {'cannot be compared' if differences is None else 'the same'}"
        return
    yield f"  run {one.run.number}:"
    yield from (f"    {difference}" for difference in differences)
