"""The section of a report on the new runs of an experiment."""

from __future__ import annotations

import math
from collections.abc import Iterator

from qanat.cli.diff.blocks import Bar, Bars, Best, Block, Cell, Detail, Items, Section, Table
from qanat.cli.diff.circumstances_report import clauses
from qanat.cli.diff.names import Names
from qanat.cli.terminal.output import plural
from qanat.domain import pauses, setting, times
from qanat.domain.attempts import counted
from qanat.domain.comparison import Row, parameters_of
from qanat.domain.meanings import Sentence, Verbatim
from qanat.domain.new_runs import Baseline, Delta, Failure, NewRuns
from qanat.domain.parameters import plain_names, shown
from qanat.domain.run import Run, State, count_states
from qanat.domain.statistics import LOWER, Statistic, signed
from qanat.usecases.review.state import StateChanges

METRICS_SHOWN = 6
VALUES_SHOWN = 10
PARAMETERS_SHOWN = 8
SHARED_SHOWN = 20
SEEDS_NAMED = 5
BARS_MIN = 2
_CALLED = {"new": "New runs of ", "continued": "Continued runs of ", "retried": "Retried runs of "}
_FLEXIBLE: tuple[Cell, ...] = (("Commit",), ("Data",), ("Compared with",))
_RUN_HEADERS = ("Run", "", "Description", "Commit", "Runner", "State", "Groups", "Started", "Duration")


def section(runs: NewRuns, found: StateChanges, names: Names) -> Section:
    """Return the section on the new runs of an experiment."""
    hows = list(dict.fromkeys(found.how[run.id] for run in runs.runs))
    title = _CALLED[hows[0]] if len(hows) == 1 else "Runs of "
    program = found.programs.get(runs.experiment)
    changed: list[Sentence] = [("the program changed: ", Verbatim(program))] if program else []
    blocks: list[Block] = [Items((_counts(runs), *changed, *_shared(runs), *_varying(runs)))]
    blocks += [*_results(runs, names), *_narrower(runs, found), *_failures(runs, names), *_bars(runs)]
    rows = tuple(_run_row(run, found.how[run.id] if len(hows) > 1 else "", names) for run in runs.runs)
    table = Table(tuple((text,) for text in _RUN_HEADERS), rows, flexible=(2,))
    blocks.append(Section((plural(len(rows), "run").capitalize(),), (_without_empty(table),), folded=True))
    return Section((title, Verbatim(runs.experiment)), tuple(blocks))


def _counts(runs: NewRuns) -> Sentence:
    states = ", ".join(f"{count:,} {state}" for state, count in runs.states.items())
    said = f"{plural(len(runs.runs), 'run')}, {plural(runs.groups, 'group')}: {states}"
    ends = counted(end for run in runs.runs for group in run.groups for end in group.earlier)
    if ends:
        how = ", ".join(f"{count:,} {state}" for state, count in ends.items())
        said += f"; {plural(sum(ends.values()), 'earlier attempt')}: {how}"
    if runs.durations is None:
        return (said,)
    d = runs.durations
    shortest, longest = times.duration(d.shortest), times.duration(d.longest)
    if shortest == longest:
        return (f"{said}; {longest}{' each' if runs.groups > 1 else ''}",)
    return (f"{said}; {shortest} to {longest} each, median {times.duration(d.median)}",)


def _shared(runs: NewRuns) -> Iterator[Sentence]:
    """Yield a sentence with the parameters that do not vary, which have no column in the table."""
    if runs.shared:
        given = list(runs.shared.items())
        named = [part for one in given[:SHARED_SHOWN] for part in (", ", Verbatim(setting.as_text([one])))][1:]
        more = len(given) - SHARED_SHOWN
        every = "all groups: " if runs.groups > 1 else "parameters: "
        yield (every, *named, *((f" and {more:,} more",) if more > 0 else ()))


def _varying(runs: NewRuns) -> Iterator[Sentence]:
    for name, values in list(runs.varying.items())[:PARAMETERS_SHOWN]:
        listed = [part for value in values[:VALUES_SHOWN] for part in (", ", Verbatim(value) if value else "(none)")][
            1:
        ]
        more = len(values) - VALUES_SHOWN
        yield (Verbatim(name), ": ", *listed, *((f" and {more:,} more",) if more > 0 else ()))
    if (left := len(runs.varying) - PARAMETERS_SHOWN) > 0:
        yield (f"and {plural(left, 'more parameter')}; see --json",)


def _results(runs: NewRuns, names: Names) -> Iterator[Block]:
    found = runs.results
    metrics = _chosen(runs)
    if not metrics:
        return
    several = len({row.tree for row in found.rows}) > 1
    data = _data(runs)
    every = _parameters(runs)
    parameters = every[:PARAMETERS_SHOWN]
    plain = plain_names(every)
    headers: list[Cell] = [(Verbatim(plain[name]),) for name in parameters]
    headers += [("Runs",), ("Groups",), *([("Commit",)] if several else []), *([("Data",)] if data else [])]
    headers += [_metric_header(name, runs) for name in metrics]
    compared = any(runs.before)
    best = {name: _marked(runs, name) for name in metrics}
    rows = []
    for place, (row, before) in enumerate(zip(found.rows, runs.before, strict=True)):
        cells: list[Cell] = [_value(shown(row.parameters.get(name))) for name in parameters]
        cells += [
            names.numbers(row.runs),
            (_groups(row, runs.failed[place]),),
            *([(names.commit(row.commit),)] if several else []),
        ]
        cells += [data[row.runs[0]]] if data else []
        cells += [
            _metric(row, before, name, runs.directions.get(name), is_best=place in best[name]) for name in metrics
        ]
        rows.append((*cells, *((_before(before, names),) if compared else ())))
    headers += [("Compared with",)] if compared else []
    # A parameter or metric may have the same name.
    flexible = tuple(i for i, h in enumerate(headers) if h in _FLEXIBLE and not isinstance(h[0], Verbatim))
    yield Table(tuple(headers), tuple(rows), flexible, _order(runs), details="earlier values" if compared else "")
    if left := len(found.metrics) - len(metrics):
        yield Items(((f"and {plural(left, 'more metric')}; see --json",),))


def _parameters(runs: NewRuns) -> tuple[str, ...]:
    """Return the parameters that tell rows from each other, and from settings without a row."""
    found = runs.results
    if not set(runs.states) - {State.FINISHED}:
        return found.parameters
    seeds = {name for names in found.seeds.values() for name in names}
    plain = plain_names(name for run in runs.runs for group in run.groups for name in parameters_of(group))
    others = (name for name, text in plain.items() if text in runs.varying and name not in seeds)
    return tuple(dict.fromkeys((*found.parameters, *others)))


def _narrower(runs: NewRuns, found: StateChanges) -> Iterator[Block]:
    """Yield a note on baselines of chosen groups if the report has values of others as the earlier ones."""
    shown = {before.row.runs for before in runs.before if before}
    own = [verdict for verdict in found.verdicts if verdict.experiment == runs.experiment and verdict.rule.where]
    rules = [v.rule for v in own if any(one.runs_before not in shown for one in (*v.behind, *v.unclear))]
    if rules and shown:
        each = (("the baseline for ", Verbatim(r.metric), " is of those that meet ", Verbatim(r.where)) for r in rules)
        listed = [part for one in each for part in ("; ", *one)]
        yield Items((("earlier values are of the latest groups with the same parameters", *listed),))


def _chosen(runs: NewRuns) -> list[str]:
    """Choose the metrics to show, first those whose better direction is known."""
    names = sorted(runs.results.metrics, key=lambda name: name not in runs.directions)
    return names[:METRICS_SHOWN]


def _data(runs: NewRuns) -> dict[str, Cell]:
    """Return the data that each run read, by its id; empty if they were the same."""
    if len({tuple(sorted(run.datasets.items())) for run in runs.runs}) < 2:
        return {}
    return {
        run.id: tuple(part for path in run.datasets.values() for part in (", ", Verbatim(path)))[1:]
        for run in runs.runs
    }


def _order(runs: NewRuns) -> tuple[int, ...]:
    """Return the positions of the rows, the best and the worst by the first metric alternating, those without it last.

    If no direction is better, higher values count as better.
    """
    name = next(iter(_chosen(runs)), "")
    values = {i: row.metrics[name].mean for i, row in enumerate(runs.results.rows) if name in row.metrics}
    is_lower = runs.directions.get(name) == LOWER
    known = sorted((i for i in values if not math.isnan(values[i])), key=lambda i: values[i], reverse=not is_lower)
    ends = [known[k // 2] if k % 2 == 0 else known[-1 - k // 2] for k in range(len(known))]
    return (*ends, *(i for i in range(len(runs.results.rows)) if i not in set(known)))


def _marked(runs: NewRuns, name: str) -> frozenset[int]:
    """Return the positions of the best rows of a metric; none if most rows are equally good."""
    best = runs.results.best.get(name, frozenset())
    known = sum(name in row.metrics for row in runs.results.rows)
    return best if len(best) == 1 or 2 * len(best) <= known else frozenset()


def _metric_header(name: str, runs: NewRuns) -> Cell:
    direction = runs.directions.get(name)
    title = Verbatim(runs.titles.get(name, name))
    return (title, Detail(f" ({direction} is better)")) if direction else (title,)


def _groups(row: Row, failed: int) -> str:
    return f"{row.groups:,}, {failed:,} failed" if failed else f"{row.groups:,}"


def _value(text: str) -> Cell:
    return (Verbatim(text),) if text else ()


def _metric(row: Row, before: Baseline | None, name: str, direction: str | None, *, is_best: bool) -> Cell:
    if name not in row.metrics:
        return ()
    text = str(row.metrics[name])
    value = Best(text) if is_best else text
    delta = before.deltas.get(name) if before else None
    return (value, " (", *_difference(row.metrics[name], delta, direction), ")") if delta else (value,)


def _difference(now: Statistic, delta: Delta, direction: str | None) -> Sentence:
    """Return an earlier value with its spread and count, and how much the new one differs from it."""
    found = delta.difference
    if found.value == 0:
        return ("unchanged",)
    count = f", n = {delta.before.count}" if delta.before.count > 1 else ""
    # Without a direction, a difference that must not be called better is written with its p.
    judged = "" if found.p is None else f", {found.judged(None if delta.better is None else direction)}"
    return Detail(f"was {delta.before}{count}: "), f"{signed(found.value, now)}{judged}"


def _before(before: Baseline | None, names: Names) -> Cell:
    if before is None:
        return ("no earlier run",)
    seeds = ", ".join([*before.other_seeds[:SEEDS_NAMED], *(["…"] if len(before.other_seeds) > SEEDS_NAMED else [])])
    of_seeds = (", with seed ", Verbatim(seeds)) if seeds else ()
    return (
        *names.listed(before.row.runs),
        ", commit ",
        names.commit(before.row.commit),
        *of_seeds,
        *clauses(before.other),
    )


def _failures(runs: NewRuns, names: Names) -> Iterator[Block]:
    if runs.failures:
        headers = tuple((text,) for text in ("Failure", "Cause", "Groups", "Runs"))
        yield Table(headers, tuple(_failure(failure, names) for failure in runs.failures), flexible=(1,))


def _failure(failure: Failure, names: Names) -> tuple[Cell, ...]:
    return (failure.state.value,), _value(failure.cause), (f"{failure.count:,}",), names.numbers(list(failure.groups))


def _bars(runs: NewRuns) -> Iterator[Block]:
    order = _order(runs)
    for name in _chosen(runs):
        bars = dict(_each_bar(runs, name))
        if len(bars) >= BARS_MIN and len({bar.value for bar in bars.values()}) > 1:
            places = {place: i for i, place in enumerate(bars)}
            kept_first = tuple(places[place] for place in order if place in places)
            title, better = runs.titles.get(name, name), runs.directions.get(name, "")
            yield Bars(runs.experiment, title, better, tuple(bars.values()), kept_first)


def _each_bar(runs: NewRuns, name: str) -> Iterator[tuple[int, Bar]]:
    """Yield a bar for each row that has a finite value, with the row's position."""
    several = len({row.tree for row in runs.results.rows}) > 1
    for place, (row, before) in enumerate(zip(runs.results.rows, runs.before, strict=True)):
        s = row.metrics.get(name)
        if s is None or not math.isfinite(s.mean):
            continue
        varying = ((n, row.parameters[n]) for n in runs.results.parameters if n in row.parameters)
        label = setting.as_text(varying)
        label = " ".join(filter(None, (label, row.commit[:7] if several else ""))) or f"run {row.runs[0]}"
        delta = before.deltas.get(name) if before else None
        earlier = delta.before.mean if delta and math.isfinite(delta.before.mean) else None
        deviation = s.deviation if s.deviation is not None and math.isfinite(s.deviation) else 0.0
        yield place, Bar(label, s.mean, deviation, str(s), earlier)


def _run_row(run: Run, how: str, names: Names) -> tuple[Cell, ...]:
    counts = count_states(run.groups)
    groups = ", ".join(f"{count:,} {state}" for state, count in counts.items()) if len(counts) > 1 else ""
    template = f" ({run.runner.template})" if run.runner.template else ""
    return (
        (names.run(run.id),),
        (how,) if how else (),
        _value(run.description),
        (
            names.commit(run.code.commit),
            *((" (snapshot)",) if run.code.snapshot else ()),
        ),
        (Verbatim(f"{run.runner.name}{template}"),),
        (run.state.value,),
        (groups or f"{len(run.groups):,}",),
        (times.local(run.started),),
        (pauses.took(run.groups) if run.ended else "",),
    )


def _without_empty(table: Table) -> Table:
    """Remove the columns that are empty in all rows."""
    kept = [i for i in range(len(table.headers)) if any("".join(row[i]) for row in table.rows)]
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    flexible = tuple(kept.index(i) for i in table.flexible if i in kept)
    return Table(tuple(table.headers[i] for i in kept), rows, flexible)
