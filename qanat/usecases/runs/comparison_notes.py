"""What a reader must know about a comparison: what is left out of it, and what keeps its rows apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qanat.domain import setting
from qanat.domain.comparison import Absent, Row
from qanat.domain.data import other_data, shown_id
from qanat.domain.facts import RunFacts
from qanat.domain.layout import RECORDED, STATE
from qanat.domain.parameters import plain_names
from qanat.domain.run import State
from qanat.domain.seeds import GUESSED, seed_of
from qanat.usecases.runs.compare import ChosenRuns, Compared

OTHER_DATA_SHOWN = 5
OTHER_CODE_SHOWN = 3
SETTINGS_SHOWN = 5
NAMED_MAX = 10


def notes(compared: Compared, chosen: ChosenRuns, names: Sequence[str]) -> Iterator[str]:
    """Yield which of the runs that were named are not compared, which had other data, and which groups do not count."""
    yield from missing(chosen)
    unfinished = [
        str(run.number)
        for run in (chosen.runs if names else ())
        if not any(group.state == State.FINISHED for group in run.groups)
    ]
    if unfinished:
        of = "its" if len(unfinished) == 1 else "their"
        yield f"{_runs(unfinished)} {_are(unfinished)} not shown, since none of {of} groups has finished"
    shown = {run for row in compared.found.rows for run in row.runs}
    yield from _other_data([run for run in chosen.runs if run.id in shown])
    yield from _other_images([run for run in chosen.runs if run.id in shown])
    yield from _repeated(compared, chosen)
    yield from _without_seed(compared)
    yield from _unfinished(compared)
    yield from _mixed(compared)
    if compared.request.pool:
        yield from _other_code(compared, chosen)


def missing(chosen: ChosenRuns) -> Iterator[str]:
    """Yield which of the runs that were named do not exist."""
    if chosen.missing:
        yield f"{_runs(chosen.missing)} {_are(chosen.missing)} missing, and may have been deleted"


def _repeated(compared: Compared, chosen: ChosenRuns) -> Iterator[str]:
    """Yield how many groups do not count, since others have the same seed or are their reruns."""
    repeated = {member for row in compared.found.rows for member in row.repeated}
    with_seed = sum(
        seed_of(group.parameters, compared.seeds.get(run.experiment, GUESSED)) is not None
        for run in chosen.runs
        for group in run.groups
        if (run.id, group.number) in repeated
    )
    reasons = {"another with the same parameters and seed": with_seed, "a rerun of the same": len(repeated) - with_seed}
    for other, count in reasons.items():
        if count:
            what = "1 group does" if count == 1 else f"{count:,} groups do"
            yield f"{what} not count, since {other} finished later"


def _without_seed(compared: Compared) -> Iterator[str]:
    """Yield how many groups of rows have no seed beside others that have one, as they might be the same samples."""
    found: dict[str, int] = {}
    for row in compared.found.rows:
        found[row.experiment] = found.get(row.experiment, 0) + row.without_seed
    for experiment, count in found.items():
        if count:
            seed = compared.found.seeds[experiment][0]
            what = "1 group without" if count == 1 else f"{count:,} groups without"
            counts = "counts as a sample" if count == 1 else "count as samples"
            leave_out = f"leave out with: --where {seed}"
            yield f"{what} {seed} {counts} beside those with one, whatever the default is; {leave_out}"


def _unfinished(compared: Compared) -> Iterator[str]:
    """Yield how many groups did not finish, of which rows, and of which settings that have no row."""
    found = compared.found
    rows = [row for row in found.rows if row.unfinished]
    count = sum(len(row.unfinished) for row in rows) + sum(one.groups for one in found.absent)
    if not count:
        return
    of_rows = [f"{_share(row)} of {_row_name(row, found.parameters)}" for row in rows]
    without = [_absent_name(one) for one in found.absent]
    listed = [
        *of_rows[:SETTINGS_SHOWN],
        *_more(len(of_rows) - SETTINGS_SHOWN, "row"),
        *without[:SETTINGS_SHOWN],
        *_more(len(without) - SETTINGS_SHOWN, "setting"),
    ]
    left_out = f"{count:,} group{' that did not finish is' if count == 1 else 's that did not finish are'} left out"
    yield f"{left_out}: {', '.join(listed)}"


def _share(row: Row) -> str:
    return f"{len(row.unfinished)} of {row.groups + len(row.unfinished)}"


def _row_name(row: Row, parameters: Sequence[str]) -> str:
    """Return `run 4` or `run 4 with lr=0.1`."""
    runs = list(dict.fromkeys([*row.runs, *(run for run, _ in row.unfinished)]))
    return _with(runs, setting.as_text((name, row.parameters[name]) for name in parameters if name in row.parameters))


def _absent_name(one: Absent) -> str:
    """Return `all 3 of run 4 with lr=0.1`."""
    share = "the only one" if one.groups == 1 else f"all {one.groups:,}"
    return f"{share} of {_with(one.runs, setting.as_text(one.parameters.items()))}"


def _with(runs: Sequence[str], given: str) -> str:
    return f"{_runs(runs)}{f' with {given}' if given else ''}"


def without_row(compared: Compared) -> str:
    """Return the settings of which no group finished, the first of many; empty if there are none."""
    absent = compared.found.absent
    several = len({row.experiment for row in compared.found.rows} | {one.experiment for one in absent}) > 1
    named = [
        " ".join(filter(None, (one.experiment if several else "", setting.as_text(one.parameters.items()))))
        or _runs(one.runs)
        for one in absent
    ]
    return ", ".join(_first(list(dict.fromkeys(named)), SETTINGS_SHOWN))


def _mixed(compared: Compared) -> Iterator[str]:
    """Yield in which parameters groups of a row differ besides the seed."""
    mixed = dict.fromkeys(name for row in compared.found.rows for name in row.mixed)
    if mixed:
        names = ", ".join(plain_names(mixed).values())
        untested = ", so no difference is tested" if compared.against else ""
        yield f"groups of a row differ in {names}{untested}"


def _other_code(compared: Compared, chosen: ChosenRuns) -> Iterator[str]:
    """Yield which rows stay apart since the code of their runs differs, with the command that shows how."""
    seeds = compared.seeds
    first: dict[object, Row] = {}
    apart: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for row in compared.found.rows:
        key = (row.experiment, setting.key_of(row.parameters, seeds.get(row.experiment, GUESSED)))
        other = first.setdefault(key, row)
        if other.tree != row.tree:
            ours, theirs = apart.setdefault((other.commit, row.commit), ({}, {}))
            ours.update(dict.fromkeys(other.runs))
            theirs.update(dict.fromkeys(row.runs))
    for (old, new), (ours, theirs) in list(apart.items())[:OTHER_CODE_SHOWN]:
        code = " ".join(f"':!{folder}'" for folder in _left_out(chosen.runs, [*ours], [*theirs]))
        command = f"git diff --stat {old[:10]} {new[:10]} -- {code}"
        yield f"{_runs([*ours])} and {_runs([*theirs])} share no row, since their code differs: {command}"
    if (left := len(apart) - OTHER_CODE_SHOWN) > 0:
        yield f"{left:,} more pairs of commits differ in their code"


def _left_out(runs: Sequence[RunFacts], ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that a diff of runs leaves out: all of `.qanat/` if their keys have other code."""
    codes = {run.id: run.code[0] for run in runs if run.code}
    known = codes.get(ours[0]), codes.get(theirs[0])
    return (STATE,) if None not in known and known[0] != known[1] else RECORDED


def _more(count: int, thing: str) -> list[str]:
    return [f"and {count:,} more {thing}{'' if count == 1 else 's'}"] if count > 0 else []


def _other_data(runs: Sequence[RunFacts]) -> Iterator[str]:
    """Yield which of these runs certainly had other data than the first one."""
    others = [f"run {runs[n].number} ({'; '.join(map(str, found))})" for n, found in other_data(runs).items()]
    if others:
        more = f", and {len(others) - OTHER_DATA_SHOWN:,} more" if len(others) > OTHER_DATA_SHOWN else ""
        yield f"other data than for run {runs[0].number}: {', '.join(others[:OTHER_DATA_SHOWN])}{more}"


def _other_images(runs: Sequence[RunFacts]) -> Iterator[str]:
    """Yield which of these runs worked in another container than the first one, or in none."""
    first, others = runs[0], [run for run in runs if list(run.container[1:]) != list(runs[0].container[1:])]
    if not others:
        return
    is_same_name = any(first.container[:1] == run.container[:1] for run in others)
    named = [f"run {run.number} ({_image(run, with_identity=is_same_name)})" for run in others]
    what = f"another container than for run {first.number} ({_image(first, with_identity=is_same_name)})"
    yield f"{what}: {', '.join(_first(named, OTHER_DATA_SHOWN))}"


def _image(run: RunFacts, *, with_identity: bool) -> str:
    """Return the name of the image of a run, and what identifies it if the name does not."""
    if not run.container:
        return "none"
    name, identity = run.container
    return f"{name}, {shown_id(identity)}" if with_identity else name


def _first(names: Sequence[str], count: int) -> list[str]:
    return [*names[:count], *([f"and {len(names) - count:,} more"] if len(names) > count else [])]


def _runs(ids: Sequence[str]) -> str:
    """Return `run 4` or `runs 4, 5`, with the first numbers of many."""
    numbers = [run.partition("-")[0] for run in ids[:NAMED_MAX]]
    more = f" and {len(ids) - NAMED_MAX:,} more" if len(ids) > NAMED_MAX else ""
    return f"run{'' if len(ids) == 1 else 's'} {', '.join(numbers)}{more}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
