"""The options that say what metrics of an experiment mean: better values, labels, units, and baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from qanat.cli.definitions.defining import Content
from qanat.cli.options import option
from qanat.domain import condition
from qanat.domain.key_path import in_words
from qanat.domain.shortening import quoted
from qanat.domain.statistics import HIGHER, LOWER
from qanat.errors import InputInvalid, UsageError
from qanat.usecases.checks import baselines

FILE = "metrics.json"
_SAYING = ("better", "label", "unit")
_field = partial(option, group="Metrics of the experiment")


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """The values of the options as they were typed."""

    better: Sequence[str] = ()
    label: Sequence[str] = ()
    unit: Sequence[str] = ()
    named_baselines: Sequence[str] = ()
    baseline_where: str | None = None
    tolerance: str | None = None

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> MetricOptions:
        """Return those among the options of a command, and remove them there."""
        return cls(**{one.name: options.pop(one.name) for one in fields(cls)})

    @property
    def are_used(self) -> bool:
        """Whether any of them was used."""
        return any(getattr(self, one.name) not in (None, ()) for one in fields(self))


def declare(command: Any) -> Any:
    """Declare the options of a command."""
    for add in (
        _field("--tolerance", metavar="VALUE", help="By how much a result may be worse: 0.01, or 1% of the baseline."),
        _field("--baseline-where", metavar="CONDITION", help="Groups of the baselines, such as 'tag=baseline'."),
        _field(
            "--baseline",
            "named_baselines",
            multiple=True,
            metavar="METRIC",
            help="Metric in which new results must not be worse than earlier ones; may be repeated, '' removes all.",
        ),
        _field("--unit", multiple=True, metavar="METRIC=TEXT", help="Unit of a metric; may be repeated."),
        _field("--label", multiple=True, metavar="METRIC=TEXT", help="What a paper calls a metric; may be repeated."),
        _field(
            "--better",
            multiple=True,
            metavar="METRIC=DIRECTION",
            help="Which values of a metric are better, higher or lower; may be repeated.",
        ),
    ):
        command = add(command)
    return command


def changed(before: Mapping[str, Any], options: MetricOptions) -> Content:
    """Return the keys of a definition that the options change.

    Metrics that are not named keep what is said of them; an empty text removes it, and None a key. Raises UsageError
    for a value that an option cannot have, and InputInvalid for a baseline that cannot be.
    """
    found: Content = {}
    if options.better or options.label or options.unit:
        sources = [dict(source) for source in before.get("metrics", ())] or [{"file": FILE}]
        for key in _SAYING:
            for text in getattr(options, key):
                _set(sources, key, *_parsed(key, text))
        found["metrics"] = sources
    if options.named_baselines or options.baseline_where is not None or options.tolerance is not None:
        found["baseline"] = _baselines(before, options)
        for path, problem in baselines.problems({**before, **found}) if found["baseline"] else ():
            raise InputInvalid(f"{in_words(path)}: {problem}", hint="add --better METRIC=higher or METRIC=lower")
    return found


def _parsed(key: str, text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=") if key == "better" else text.partition("=")
    if not name or not equals or (key == "better" and value not in (HIGHER, LOWER, "")):
        what = f"METRIC={HIGHER} or METRIC={LOWER}" if key == "better" else "METRIC=TEXT"
        example = {"better": "acc=higher", "label": "acc=Accuracy", "unit": "acc=%"}[key]
        raise UsageError(f"--{key} {quoted(text)} is not {what}", hint=f"for example --{key} {example}")
    return name, value


def _set(sources: list[Content], key: str, name: str, value: str) -> None:
    """Set what one of the files of metrics says: the one that has the metric, or the first."""
    named = [s for s in sources if name in s.get("keys", ()) or any(name in s.get(k, ()) for k in _SAYING)]
    source = next(iter(named), sources[0])
    kept = {other: text for other, text in source.get(key, {}).items() if other != name or value}
    source[key] = {**kept, name: value} if value else kept
    if not source[key]:
        del source[key]


def _baselines(before: Mapping[str, Any], options: MetricOptions) -> Content | list[Content] | None:
    """Return the baselines of these metrics, or all if none is named; None for none.

    Those that were there keep what the options do not change.
    """
    known = before.get("baseline", [])
    found: list[Content] = [dict(one) for one in (known if isinstance(known, list) else [known])]
    if options.named_baselines:
        kept = {one["metric"]: one for one in found}
        found = [kept.get(name, {"metric": name}) for name in dict.fromkeys(options.named_baselines) if name]
    elif not found:
        raise UsageError("--baseline-where and --tolerance need a baseline", hint="add --baseline METRIC")
    for one in found:
        if options.baseline_where is not None:
            condition.parse(options.baseline_where)
            one["where"] = options.baseline_where
        if options.tolerance is not None:
            one["tolerance"] = _tolerance(options.tolerance)
    changed = [{k: one[k] for k in ("where", "metric", "tolerance") if one.get(k) not in (None, "")} for one in found]
    return changed[0] if len(changed) == 1 else changed or None


def _tolerance(text: str) -> float | str:
    """Return a number, or a part of the baseline's mean as text. Raises UsageError."""
    with suppress(ValueError):
        if (number := float(text.removesuffix("%"))) >= 0 and math.isfinite(number):
            return text if text.endswith("%") else number
    raise UsageError(f"--tolerance {quoted(text)} is neither a number nor a percentage", hint="for example 0.01 or 1%")
