"""What references stand for: numbers and texts, as tables write them."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qanat.domain import formats, pinned_groups, reference_options, setting, times
from qanat.domain.comparison import Comparison
from qanat.domain.comparison import Row as ComparedRow
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.condition_values import number
from qanat.domain.facts import Row, RunFacts
from qanat.domain.reference import OfBest, OfMean, OfRun, Reference, pinned
from qanat.domain.reference_options import COUNT, Shape
from qanat.domain.references import LATEX
from qanat.domain.same_code import with_one_code
from qanat.domain.search import FreshnessUnknown, asks_for_fresh
from qanat.domain.shortening import quoted
from qanat.domain.statistics import Statistic
from qanat.errors import UsageError
from qanat.usecases.references.known_runs import KnownRuns, NoneMeets, RunGone, pin_of
from qanat.usecases.runs import row_cells
from qanat.usecases.runs.compare import ChosenRuns, CompareRequest, compare_runs

ROWS_NAMED = 3
RUNS_NAMED = 3
_NOT_NUMBERS = "digits, decimals, format and percent are for numbers"


@dataclass(frozen=True, slots=True)
class Value:
    """What a reference stands for, and the ids of the runs that it is from.

    `pin` is what is noted of the groups that a condition chose. If it would choose others now, `moved` says which.
    `doubt` is what a reader should know of a mean.
    """

    text: str
    runs: tuple[str, ...]
    pin: str = ""
    moved: str = ""
    doubt: str = ""


def value_of(known: KnownRuns, reference: Reference, language: str, pin: str) -> Value:
    """Return what a reference stands for, with the groups in `pin` rather than those that a condition would choose now.

    Raises RunGone, and UsageError for whatever is wrong with the reference.
    """
    shape = reference_options.shape(reference.options)
    match reference.target:
        case OfRun(name=name) as target:
            row = known.row(target)
            return Value(_of_row(known, row, name, shape, language), (row.run.id,), pin_of(row))
        case OfBest(name=name) as target:
            row, moved = chosen(known, target, reference.options.get("better", ""), pin)
            return Value(_of_row(known, row, name, shape, language), (row.run.id,), pin_of(row), moved)
        case OfMean() as target:
            return _mean(known, target, shape, language, pin)
    raise UsageError(f"{quoted(reference.spelled)} is not a value")


def chosen(known: KnownRuns, target: OfBest, better: str, pin: str) -> tuple[Row, str]:
    """Return the group that was the best when it was pinned, and which is now if that is another; errors as above."""
    noted = pinned(pin)
    if noted is None:
        if pin:
            raise UsageError(f"pinned={pin} names no group", hint="remove it, or: --repin")
        return known.best(target, better), ""
    if noted[0] not in known.runs:
        _check_readable(known, noted[0])
        raise RunGone(f"run {noted[0]}, which was the best, does not exist", hint="choose again with: --repin")
    run = known.runs[noted[0]]
    row = Row(run, known.group(run, noted[1] if noted[1] is not None else 0))
    try:
        now = known.best(target, better)
    except (FreshnessUnknown, NoneMeets):
        if not asks_for_fresh(target.condition):
            raise
        return row, ""  # whether the run is fresh is looked at by itself
    if pin_of(now) == pin_of(row):
        return row, ""
    metric = known.metric(target.metric)
    before, after = (one.groups[0].metric(metric) for one in (row, now))
    texts = ["none" if one is None else f"{one:.6g}" for one in (before, after)]
    return row, f"{pin_of(now)} ({metric} {texts[1]}, was {texts[0]})"


# ---- one row


def _of_row(known: KnownRuns, row: Row, name: str, shape: Shape, language: str) -> str:
    """Return what a run or a group has by a name. Raises UsageError if that is nothing."""
    column = known.column(name)
    values = column.values(row)
    if not values:
        of = f"group {row.group.number} of run {row.run.number}" if row.group else f"run {row.run.number}"
        raise UsageError(f"{of} has no {column.heading}")
    if column.kind == METRIC:
        text = shape.numbers(values)
        return _finished(known, text, row.run.experiment, column.names[0], shape, language)
    if shape.unit:
        raise UsageError(f"{column.heading} has no unit", hint="leave out unit")
    if shape.is_for_numbers:
        return _finished(known, shape.numbers(_as_numbers(column.heading, values)), "", "", shape, language)
    if column.kind == PARAMETER:
        return written(row_cells.parameters(values), language)
    return written(row_cells.cells([row], [column], clock=times.utc)[0][0], language)


def _as_numbers(name: str, values: Sequence[object]) -> list[float]:
    found = []
    for value in values:
        known = number(value) if isinstance(value, str) else value
        if isinstance(known, bool) or not isinstance(known, int | float):
            raise UsageError(f"{name} is {quoted(value)}, which is not a number", hint=_NOT_NUMBERS)
        found.append(float(known))
    return found


def _finished(known: KnownRuns, text: str, experiment: str, metric: str, shape: Shape, language: str) -> str:
    """Return a number with its unit, in a language."""
    unit = "%" if shape.percent else known.unit(experiment, metric) if shape.unit else ""
    value, mark, count = written(text, language).partition(" ($n=" if language == LATEX else " (n=")
    if unit and " ± " in text and not text.startswith("("):
        value = f"({value})"
    return value + _unit(unit, language) + mark + count


def written(text: str, language: str) -> str:
    """Return a text or a number in a language, with everything escaped that would act there."""
    return formats.latex(text) if language == LATEX else formats.markdown_text(text)


def _unit(unit: str, language: str) -> str:
    if not unit:
        return ""
    if unit in ("%", "°"):
        return "\\%" if language == LATEX and unit == "%" else unit
    return f"\\,{formats.latex(unit)}" if language == LATEX else f" {formats.markdown_text(unit)}"


# ---- means


def _mean(known: KnownRuns, target: OfMean, shape: Shape, language: str, pin: str) -> Value:
    """Return a mean, as a comparison with pooled rows has it. Raises UsageError if it would have several rows."""
    metric = known.metric(target.metric)
    is_of_fresh = asks_for_fresh(target.condition)
    try:
        now = _averaged(known, known.members(target), metric)
    except (FreshnessUnknown, NoneMeets):
        if not (pin and is_of_fresh):
            raise
        now = None
    moved = ""
    if now is None or (pin and pin != now.pin):
        moved = f"{now.pin} ({now.statistic} of {now.statistic.count} groups)" if now else ""
        runs = _at_pin(known, pin)
        # They were fresh then, and so had the same code.
        used = _averaged(known, with_one_code(runs, lambda _: True) if is_of_fresh else runs, metric)
        if used.pin != pin:
            raise UsageError(f"the groups of {pin} no longer form one row", hint="choose again with: --repin")
    else:
        used = now
    text = shape.mean(used.statistic)
    if not text:
        raise UsageError("the mean of a single value has no deviation", hint="leave out show=std")
    doubt = ""
    if used.without_seed:
        groups = "1 group" if used.without_seed == 1 else f"{used.without_seed:,} groups"
        doubt = f"it counts {groups} without a seed beside those with one, whatever the default is"
    if shape.show == COUNT:
        return Value(text, used.runs, used.pin, moved, doubt)
    if used.unfinished and text.endswith(")"):
        count = used.statistic.count
        text = f"{text.removesuffix(f'(n={count})')}(n={count} of {count + used.unfinished})"
    return Value(_finished(known, text, used.experiment, metric, shape, language), used.runs, used.pin, moved, doubt)


@dataclass(frozen=True, slots=True)
class _Average:
    statistic: Statistic
    runs: tuple[str, ...]
    pin: str
    experiment: str
    unfinished: int
    without_seed: int


def _at_pin(known: KnownRuns, pin: str) -> list[RunFacts]:
    """Return the runs with the groups that a mean was of. Raises RunGone, UsageError."""
    noted: Mapping[str, frozenset[int]] | None = pinned_groups.groups_of(pin)
    if noted is None:
        raise UsageError(f"the mean is of other groups now than {pin}", hint="choose again with: --repin")
    if gone := [run for run in noted if run not in known.runs]:
        _check_readable(known, gone[0])
        raise RunGone(f"run {gone[0]}, which the mean is of, does not exist", hint="choose again with: --repin")
    runs = (known.runs[run] for run in noted)
    return [run._replace(groups=tuple(g for g in run.groups if g.number in noted[run.id])) for run in runs]


def _check_readable(known: KnownRuns, run: str) -> None:
    number, _, uid = run.partition("-")
    known.check_readable(int(number), uid)


def _averaged(known: KnownRuns, runs: list[RunFacts], metric: str) -> _Average:
    request = CompareRequest(pool=True, only=(glob.escape(metric),))
    found = compare_runs(known.project, ChosenRuns(runs), request).found
    rows = [row for row in found.rows if metric in row.metrics]
    if len(rows) != 1:
        raise _several(found, rows)
    row = rows[0]
    return _Average(
        row.metrics[metric],
        row.runs,
        pinned_groups.pin_of(row.members),
        row.experiment,
        len(row.unfinished),
        row.without_seed,
    )


def _several(found: Comparison, rows: Sequence[ComparedRow]) -> UsageError:
    """Return the error about a mean that would have several rows, in what they differ, and what to write."""
    is_other_code = len({(row.experiment, row.tree) for row in rows}) > len({row.experiment for row in rows})
    of_other_experiments = len({row.experiment for row in rows}) > 1
    names = [
        *(["experiment"] if of_other_experiments else []),
        *(name.lstrip("-") for name in found.parameters),
        *(["code"] if is_other_code else []),
    ]
    listed = [_row_name(row, found.parameters, of_other_experiments, is_other_code) for row in rows[:ROWS_NAMED]]
    more = [f"and {len(rows) - ROWS_NAMED:,} more"] if len(rows) > ROWS_NAMED else []
    fresh = "for runs with the code of now, add fresh to them: mean(…, fresh); " if is_other_code else ""
    return UsageError(
        f"the mean would be of {len(rows)} different settings, which differ in {', '.join(names) or 'data'}: "
        f"{', '.join([*listed, *more])}",
        hint=f"add conditions; {fresh}qanat compare --pool --where CONDITION shows them",
    )


def _row_name(row: ComparedRow, parameters: Sequence[str], with_experiment: bool, with_commit: bool) -> str:
    """Return `runs 4 and 5 with n=1 at commit 10fc28fed6`."""
    numbers = list(dict.fromkeys(run.partition("-")[0] for run in row.runs))
    more = f" and {len(numbers) - RUNS_NAMED:,} more" if len(numbers) > RUNS_NAMED else ""
    given = setting.as_text((name, row.parameters[name]) for name in parameters if name in row.parameters)
    parts = [
        f"run{'s' if len(numbers) > 1 else ''} {' and '.join(numbers[:RUNS_NAMED])}{more}",
        *([f"of {row.experiment}"] if with_experiment else []),
        *([f"with {given}"] if given else []),
        *([f"at commit {row.commit[:10]}"] if with_commit else []),
    ]
    return " ".join(parts)
