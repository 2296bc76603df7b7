"""Runs of MLflow that qanat has exported: what their tags say of what MLflow itself cannot hold."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from qanat.domain.run import State
from qanat.imports import values
from qanat.usecases.exports import mlflow_names as names

_ATTEMPT = re.compile(r", attempt [0-9]{1,9}(?: of [0-9]{1,9})?")
_EXIT_CODE = re.compile(r"exit code ([0-9]{1,3})")


def is_exported(tags: Mapping[str, str]) -> bool:
    """Return whether qanat has exported a run with these tags."""
    return names.RUN in tags


def are_one(parent: Mapping[str, str], child: Mapping[str, str]) -> bool:
    """Return whether runs with these tags are a run of qanat, and a group of it."""
    return (
        is_exported(parent)
        and names.GROUP not in parent
        and names.GROUP in child
        and child.get(names.RUN) == parent[names.RUN]
    )


def number(tags: Mapping[str, str]) -> int:
    """Return the number of a group; 0 if the tags have none."""
    text = tags.get(names.GROUP, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def args_of(tags: Mapping[str, str], params: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the arguments of a group; None unless they are the same as its parameters in MLflow."""
    if not is_exported(tags):
        return None
    try:
        words = shlex.split(values.text(tags.get(names.COMMAND), names.TAG_MAX))
        args = tuple(words[words.index(tags.get(names.PROGRAM, "")) + 1 :])
    except ValueError:
        return None
    return args if names.parameters_of(args) == params else None


def end_of(tags: Mapping[str, str], status: str) -> tuple[State, str, int | None] | None:
    """Return the state of a group, its reason and its exit code; None unless that is the status that MLflow has.

    A tag has `failed, attempt 2 of 3 (exit code 3)` or `cancelled by SIGTERM`, as described() of a run says it.
    """
    told = _ATTEMPT.sub("", values.text(tags.get(names.STATE)), count=1) if is_exported(tags) else ""
    state = next((one for one in State if one.ended and re.match(rf"{one}\b", told)), None)
    if state is None or names.status_of(state) != status:
        return None
    rest = told.removeprefix(state)
    reason = rest[2:-1] if rest.startswith(" (") else told if rest else ""
    code = _EXIT_CODE.fullmatch(reason)
    return state, reason, int(code[1]) if code else None


def tags_of(tags: Mapping[str, str]) -> list[str]:
    """Return the tags that a run had in qanat, and those that it got in MLflow."""
    listed = _loaded(tags, names.TAGS)
    known = [tag for tag in listed if isinstance(tag, str)] if isinstance(listed, list) else []
    called = {key for key, value in tags.items() if key.startswith(names.TAG) and value == "true"}
    own = [tag for tag in known if names.tag_for(tag) in called]
    own += [key.removeprefix(names.TAG) for key in tags if key in called - {names.tag_for(tag) for tag in known}]
    others = [(key, value) for key, value in tags.items() if not key.startswith((names.TAG, names.OWN, "mlflow."))]
    return [*own, *(values.pair(*one) for one in others)]


def metrics_of(tags: Mapping[str, str], metrics: Iterable[str]) -> dict[str, str]:
    """Map what MLflow calls metrics to their names in qanat, no two of which are the same."""
    found = _loaded(tags, names.METRICS) if is_exported(tags) else None
    known = found if isinstance(found, dict) else {}
    called = dict.fromkeys(metrics)
    own = {name: known[name] for name in called if isinstance(known.get(name), str) and known[name] not in called}
    return (
        {name: own.get(name, name) for name in called} if len({*own.values()}) == len(own) else {n: n for n in called}
    )


def _loaded(tags: Mapping[str, str], name: str) -> Any:
    """Return what the JSON in a tag says; None if there is none."""
    try:
        return json.loads(values.text(tags.get(name), names.TAG_MAX))
    except (ValueError, RecursionError):
        return None
