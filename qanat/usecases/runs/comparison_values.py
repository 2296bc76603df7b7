"""Comparisons of runs as plain values, and which parameters were taken for seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qanat.domain.compared_columns import OWN as COLUMNS
from qanat.domain.compared_columns import Column, own, usual_columns
from qanat.domain.condition import METRIC, PARAMETER
from qanat.domain.parameters import plain_names, shown
from qanat.usecases.runs.compare import Compared

OWN = ("experiment", "runs", "groups", "commit")
# What a table for people calls n.
_CALLED = {"n": "groups"}


def as_mappings(compared: Compared) -> list[dict[str, Any]]:
    """Return the rows as plain values for JSON; an option without a value is true.

    Where columns were chosen, the others are left out, but not what qualifies the numbers.
    """
    found, chosen = compared.found, compared.chosen
    plain = plain_names(name for row in found.rows for name in row.parameters)
    named = {(column.kind, name) for column in chosen for name in column.names}
    left_out = {_CALLED.get(name, name) for name in COLUMNS if chosen and ("", name) not in named}

    def is_shown(kind: str, name: str) -> bool:
        return not chosen or (kind, name) in named

    rows = [
        {
            "experiment": row.experiment,
            "runs": list(row.runs),
            "commit": row.commit,
            "groups": row.groups,
            "repeated": len(row.repeated),
            "unfinished": len(row.unfinished),
            "pooled": compared.request.pool,
            "seeds": list(row.seeds),
            "parameters": {
                plain[name]: value or True
                for name, value in row.parameters.items()
                if name not in found.seeds.get(row.experiment, ()) and is_shown(PARAMETER, name)
            },
            "metrics": {
                name: {
                    **{"mean": s.mean, "std": s.deviation, "n": s.count, "best": i in found.best.get(name, ())},
                    "difference": _difference(compared, i, name),
                }
                for name, s in row.metrics.items()
                if is_shown(METRIC, name)
            },
            "baseline": compared.is_baseline(i),
            "compared_with": _compared_with(compared, i),
        }
        for i, row in enumerate(found.rows)
    ]
    return [{key: value for key, value in row.items() if key not in left_out} for row in rows]


def _difference(compared: Compared, place: int, name: str) -> dict[str, Any] | None:
    against = compared.against.get(place)
    if against is None or name not in against.differences:
        return None
    d = against.differences[name]
    direction = compared.direction(place, name)
    return {
        **{"value": d.value, "p": d.p, "method": d.method, "degrees": d.degrees, "better": d.is_better(direction)},
        "verdict": d.verdict(direction),
        "untested": d.untested or None,
    }


def _compared_with(compared: Compared, place: int) -> dict[str, Any] | None:
    against = compared.against.get(place)
    if against is None:
        return None
    row = compared.found.rows[against.place]
    return {"row": against.place, "runs": list(row.runs), "commit": row.commit}


def seed_note(compared: Compared) -> str:
    """Return which parameters were taken for seeds, and why; empty if there are none."""
    by_names: dict[tuple[str, ...], list[str]] = {}
    for experiment, names in compared.found.seeds.items():
        by_names.setdefault(names, []).append(experiment)
    parts = []
    for names, experiments in by_names.items():
        is_said = all(e in compared.experiments and compared.experiments[e].seeds is not None for e in experiments)
        of = f" of {', '.join(experiments)}" if len(by_names) > 1 else ""
        parts.append(f"{', '.join(names)}{of}{'' if is_said else ' (guessed by name)'}")
    return f"seed: {'; '.join(parts)}" if parts else ""


def flat_table(compared: Compared) -> tuple[list[str], list[list[object]]]:
    """Return names of columns and rows of single values; a missing value is an empty text."""
    found = compared.found
    columns = compared.chosen or [*map(own, COLUMNS), *(c for c in usual_columns(found) if c.kind)]
    parameters = {c.names[0]: name for c, name in _plain_headings(columns)}
    parts = ("", ".std", ".n", *((".difference", ".p", ".verdict") if compared.against else ()))
    headings: list[str] = []
    for column in columns:
        name = column.names[0]
        if column.kind == METRIC:
            headings += [f"{column.heading}{part}" for part in parts]
        else:
            headings.append(parameters[name] if column.kind else _CALLED.get(name, name))
    return headings, [
        [value for column in columns for value in _flat(compared, column, place)] for place in range(len(found.rows))
    ]


def _plain_headings(columns: Sequence[Column]) -> Iterator[tuple[Column, str]]:
    """Yield the columns of parameters with their headings."""
    of_parameters = [column for column in columns if column.kind == PARAMETER]
    plain = plain_names(column.names[0] for column in of_parameters)
    for column in of_parameters:
        name = plain[column.names[0]]
        yield column, f"{PARAMETER}{name}" if name in OWN else name


def _flat(compared: Compared, column: Column, place: int) -> Iterator[object]:
    row, against, name = compared.found.rows[place], compared.against.get(place), column.names[0]
    if column.kind == PARAMETER:
        yield shown(column.parameter(row))
    elif not column.kind:
        told = {"experiment": row.experiment, "runs": " ".join(row.runs), "n": row.groups, "commit": row.commit}
        yield told[name]
    else:
        s = row.metrics.get(name)
        yield from ("", "", "") if s is None else (s.mean, _or_empty(s.deviation), s.count)
        if compared.against:
            d = against.differences.get(name) if against else None
            yield from ("", "", "") if d is None else (d.value, _or_empty(d.p), compared.verdicts(place)[name])


def _or_empty(value: float | None) -> object:
    return "" if value is None else value
