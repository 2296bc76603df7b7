"""Comparisons of runs as plain values, and which parameters were taken for seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qanat.domain.parameters import plain_names, shown
from qanat.usecases.runs.compare import Compared

OWN = ("experiment", "runs", "groups", "commit")


def as_mappings(compared: Compared) -> list[dict[str, Any]]:
    """Return the rows as plain values for JSON; an option without a value is true."""
    found = compared.found
    plain = plain_names(name for row in found.rows for name in row.parameters)
    return [
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
                if name not in found.seeds.get(row.experiment, ())
            },
            "metrics": {
                name: {
                    **{"mean": s.mean, "std": s.deviation, "n": s.count, "best": i in found.best.get(name, ())},
                    "difference": _difference(compared, i, name),
                }
                for name, s in row.metrics.items()
            },
            "baseline": compared.is_baseline(i),
            "compared_with": _compared_with(compared, i),
        }
        for i, row in enumerate(found.rows)
    ]


def _difference(compared: Compared, place: int, name: str) -> dict[str, Any] | None:
    against = compared.against.get(place)
    if against is None or name not in against.differences:
        return None
    d = against.differences[name]
    direction = compared.better.get(name)
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
    parts = ("", ".std", ".n", *((".difference", ".p", ".verdict") if compared.against else ()))
    parameters = [f"parameter.{n}" if n in OWN else n for n in plain_names(found.parameters).values()]
    metrics = [f"metric.{name}" if name in (*OWN, *parameters) else name for name in found.metrics]
    headings = [*OWN, *parameters, *(f"{name}{part}" for name in metrics for part in parts)]
    return headings, [list(_flat(compared, place)) for place in range(len(found.rows))]


def _flat(compared: Compared, place: int) -> Iterator[object]:
    row, against = compared.found.rows[place], compared.against.get(place)
    yield from (row.experiment, " ".join(row.runs), row.groups, row.commit)
    yield from (shown(row.parameters.get(name)) for name in compared.found.parameters)
    for name in compared.found.metrics:
        s = row.metrics.get(name)
        yield from ("", "", "") if s is None else (s.mean, _or_empty(s.deviation), s.count)
        if compared.against:
            d = against.differences.get(name) if against else None
            yield from ("", "", "") if d is None else (d.value, _or_empty(d.p), d.verdict(compared.better.get(name)))


def _or_empty(value: float | None) -> object:
    return "" if value is None else value
