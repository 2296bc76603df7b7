"""What is wrong with the metrics files of groups: why numbers that are in them, or should be, are not in the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from qanat.domain.metrics import LONG_NAMES, METRICS_MAX, VALUES_MAX, is_number, leaves
from qanat.domain.names import nearest
from qanat.domain.shortening import quoted

NAMED_MAX = 3
SENTENCES_MAX = 5
ABSENT = "does not exist, but the experiment asks for it"
CHANGED = "has changed since its group ended; the record has what its curves came to then"
UNUSABLE = "is a name that no record can hold", "are names that no record can hold"


@dataclass(frozen=True, slots=True)
class MetricProblem:
    """What is wrong with the file at `path`, as a predicate; `file` is its path in the directory of its group."""

    path: Path
    file: str
    what: str


def sentences(problems: Iterable[MetricProblem], *, are_all: bool = True) -> list[str]:
    """Return a sentence for each problem, alike ones of several groups together; beyond some, they are counted.

    `are_all` says that the files of all groups have been looked at.
    """
    alike: dict[tuple[str, str], list[MetricProblem]] = {}
    for problem in problems:
        alike.setdefault((problem.file, problem.what), []).append(problem)
    found = [_sentence(same[0], len(same) - 1, are_all=are_all) for same in alike.values()]
    more = len(found) - SENTENCES_MAX
    rest = [f"{more:,} more problem{'s' if more > 1 else ''} with files of metrics"] if more > 0 else []
    return [*found[:SENTENCES_MAX], *rest]


def _sentence(first: MetricProblem, others: int, *, are_all: bool) -> str:
    count = f"{others:,} other group{'s' if others > 1 else ''}"
    same = f"; the same in {'' if are_all else 'at least '}{count}" if others else ""
    return f"{first.path}: {first.what}{same}"


def left_out(content: Any, keys: Sequence[str], asked: Sequence[str] = ()) -> str:
    """Return what a record does not get of these keys (all, if there are none), as a predicate; empty if nothing.

    `asked` are names that should be there.
    """
    if content is None:
        return "is empty"
    if not isinstance(content, dict):
        return f"is {'a list' if isinstance(content, list) else 'a single value'}, not a mapping of names to numbers"
    every = list(islice(leaves(content), VALUES_MAX + 1))
    found = [(name, value) for name, value in every[:VALUES_MAX] if name is not None]
    values = dict(found)
    chosen = {name: values[name] for name in keys if name in values} if keys else values
    parts = (
        missing(asked, list(values)),
        _without_number(chosen),
        _repeated([name for name, value in found if name in chosen and is_number(value)]),
        _too_many(sum(map(is_number, chosen.values()))),
        LONG_NAMES if any(name is None for name, _ in every) else "",
        f"has more than {VALUES_MAX:,} values, and the others were left out" if len(every) > VALUES_MAX else "",
    )
    return "; ".join(filter(None, parts))


def in_several_files(earlier: Mapping[str, float], numbers: Mapping[str, float]) -> str:
    """Return which numbers of a file earlier files of its group have with other values; empty if there are none."""
    # By their texts, since NaN equals nothing.
    names = [name for name, number in numbers.items() if name in earlier and repr(earlier[name]) != repr(number)]
    are = "is" if len(names) == 1 else "are"
    return f"{_listed(names)} {are} in an earlier file, too, with another value, which does not count" if names else ""


def missing(asked: Sequence[str], names: Sequence[str]) -> str:
    """Return which names that were asked for are not among these, each with the nearest one, as a predicate."""
    absent = [name for name in asked if name not in names]
    more = f", and {len(absent) - NAMED_MAX:,} more are missing" if len(absent) > NAMED_MAX else ""
    listed = ", ".join(f"no {quoted(name)}{meant(name, names)}" for name in absent[:NAMED_MAX])
    return f"has {listed}{more}" if absent else ""


def meant(name: str, names: Sequence[str]) -> str:
    """Return a question in parentheses for the nearest of these names, which lack name; empty if none is near."""
    few = names[:METRICS_MAX]
    inner = [other for other in few if other.startswith(f"{name}.")]
    close = inner[:1] or nearest(name, few, 1)
    return f" (did you mean {quoted(close[0])}?)" if close else ""


def _without_number(values: Mapping[str, Any]) -> str:
    """Return which values are not numbers, by their kind."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name, value in values.items():
        if not is_number(value):
            kinds.setdefault(_kind(value), []).append(name)
    return "; ".join(not_numbers(names, *kind) for kind, names in kinds.items())


def _kind(value: Any) -> tuple[str, ...]:
    """Return what a value is, in the singular and in the plural; nothing if it is just not a number."""
    if isinstance(value, str) and _reads_as_number(value):
        return "is a number in quotes", "are numbers in quotes"
    if isinstance(value, list) and value and all(map(is_number, value)):
        curve = "(a curve belongs in metrics.jsonl)"
        return f"is a list of numbers {curve}", f"are lists of numbers {curve}"
    return ()


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def not_numbers(names: Sequence[str], one: str = "is not a number", several: str = "are not numbers") -> str:
    """Return a predicate about values that were left out, and why; empty without any names."""
    if not names:
        return ""
    return f"{_listed(names)} {f'{one}, and was' if len(names) == 1 else f'{several}, and were'} left out"


def _repeated(names: Sequence[str]) -> str:
    """Return which names occur more than once, as in `{"a.b": 1, "a": {"b": 2}}`."""
    again = [name for name, count in Counter(names).items() if count > 1]
    are = "is" if len(again) == 1 else "are"
    return f"{_listed(again)} {are} there more than once; the last value counts" if again else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return f"{', '.join(map(quoted, names[:NAMED_MAX]))}{more}"


def _too_many(count: int) -> str:
    if count <= METRICS_MAX:
        return ""
    return f"has {count:,} numbers, of which the record has {METRICS_MAX:,}; choose them with keys in the experiment"
