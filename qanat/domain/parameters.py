"""Expanding what a person requested (arguments, groups, ranges, a parameter file) to the arguments of each group.

The section "Parameters" of DESIGN.md has the grammar. Every value stays text from here on: nothing is converted
to a number and back, so a program receives what was typed.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.errors import InputInvalid

if TYPE_CHECKING:
    from qanat.domain.ranges import ValueRange

ON = "yes"
GROUPS_WITHOUT_ASKING = 20_000
GROUPS_MAX = 100_000

_NEGATIVE_NUMBER = re.compile(r"-\.?\d")
_DOTS = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\.\.\.?(-?[0-9]+(?:\.[0-9]+)?)(?:\.\.(-?[0-9]+(?:\.[0-9]+)?))?")
_POSITION = re.compile(r"pos_([0-9]{1,6})\Z")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Part of a command line: arguments by position, which come first, and arguments in the order given."""

    positional: Mapping[int, str] = field(default_factory=dict)
    ordered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A request: fixed arguments, groups of which each execution has one, and ranges that multiply them."""

    fixed: Arguments = Arguments()
    groups: tuple[Arguments, ...] = ()
    ranges: tuple[ValueRange, ...] = ()

    def count(self) -> int:
        """Return how many groups expand() would list."""
        return max(1, len(self.groups)) * math.prod(len(r.values) for r in self.ranges)

    def join(self, other: Grid) -> Grid:
        """Return this request followed by another."""
        fixed = Arguments({**self.fixed.positional, **other.fixed.positional}, self.fixed.ordered + other.fixed.ordered)
        return Grid(fixed, self.groups + other.groups, self.ranges + other.ranges)


def is_option(argument: str) -> bool:
    """Return whether an argument reads as an option: it begins with a dash and is neither `-` nor a negative number."""
    return len(argument) > 1 and argument[0] == "-" and not _NEGATIVE_NUMBER.match(argument)


def split_group(text: str) -> tuple[str, ...]:
    """Split the value of -g as a POSIX shell would, quotes and backslashes included."""
    try:
        return tuple(split(text))
    except ValueError as error:
        raise InputInvalid(f"-g {quoted(text)}: {str(error).lower()}", hint="close the quote or escape it") from None


def parse_range(text: str) -> ValueRange:
    """Parse the value of -R: `--seed 0 10 1`, `--seed 0 10` (step 1), `--lr 0.1,0.01`, or `pos_0 …` for a position."""
    from qanat.domain.ranges import ValueRange, progression  # only with -R

    parts = split_group(text)
    where = f"-R {quoted(text)}"
    _check_form(parts, where)
    if len(parts) < 2 or len(parts) > 4:
        raise InputInvalid(
            f"{where}: a range is an option, a start, a stop and a step, or an option and values",
            hint='write it as -R "--seed 0 10 1" or -R "--lr 0.1,0.01"',
        )
    position = _POSITION.match(parts[0])
    if not position and not is_option(parts[0]):
        raise InputInvalid(
            f"{where}: {quoted(parts[0])} is not an option",
            hint="start with an option, such as --seed, or with pos_0",
        )
    target = int(position[1]) if position else parts[0]
    if len(parts) == 2:
        return ValueRange(target, tuple(parts[1].split(",")))
    step = parts[3] if len(parts) == 4 else "1"
    return ValueRange(target, progression(parts[1], parts[2], step, where=where))


def _check_form(parts: Sequence[str], where: str) -> None:
    """Raise InputInvalid for a range in a form of other tools: values separated by spaces and commas, or 0..3."""
    if any(part.endswith(",") for part in parts[1:-1]) or any(part.startswith(",") for part in parts[2:]):
        together = " ".join(parts[1:]).replace(", ", ",").replace(" ,", ",")
        quoted = f"'{together}'" if " " in together else together
        raise InputInvalid(
            f"{where}: values are separated by commas without spaces", hint=f'write it as -R "{parts[0]} {quoted}"'
        )
    if len(parts) == 2 and (dots := _DOTS.fullmatch(parts[1])):
        first, stop, step = dots.groups()
        # Steps of 1 between such numbers give no more than the first.
        step = step or ("STEP" if abs(float(stop) - float(first)) <= 1 else "")
        numbers = " ".join(filter(None, (first, stop, step)))
        raise InputInvalid(
            f"{where}: {parts[1]} is a single value here",
            hint=f'write the range as -R "{parts[0]} {numbers}", which leaves out {stop}',
        )


def grid_from_arguments(args: Sequence[str], groups: Sequence[str], ranges: Sequence[str]) -> Grid:
    """Parse a command line: the program's arguments, the values of -g and those of -R."""
    parts = tuple(Arguments(ordered=split_group(text)) for text in groups)
    return Grid(Arguments(ordered=tuple(args)), parts, tuple(parse_range(text) for text in ranges))


def expand(grid: Grid) -> list[tuple[str, ...]]:
    """List the arguments of every group; groups vary fastest, then the ranges in the order given.

    Length is grid.count(). Within one group come arguments by position, then fixed arguments, the
    group's own, and one option with its value per range. Raises InputInvalid when an option of a
    range, or a position, is given twice, or a position is missing.
    """
    check_targets(grid)
    parts = grid.groups or (Arguments(),)
    # product() varies its last factor fastest, so the ranges go in from last to first.
    factors = [r.values for r in reversed(grid.ranges)]
    return [_group(grid, part, point) for point, part in _points(factors, parts)]


def _points(
    factors: Sequence[Sequence[str]], parts: tuple[Arguments, ...]
) -> Iterator[tuple[tuple[str, ...], Arguments]]:
    for point in itertools.product(*factors):
        for part in parts:
            yield point[::-1], part


def _group(grid: Grid, part: Arguments, point: tuple[str, ...]) -> tuple[str, ...]:
    positional = {**grid.fixed.positional, **part.positional}
    varying: list[str] = []
    for value_range, value in zip(grid.ranges, point, strict=True):
        if isinstance(value_range.target, int):
            positional[value_range.target] = value
        else:
            varying += [value_range.target, value]
    placed = [positional[index] for index in sorted(positional)]
    return (*placed, *grid.fixed.ordered, *part.ordered, *varying)


def check_targets(grid: Grid) -> None:
    """Raise InputInvalid if two parts of grid fill the same position or range option, or a position is skipped."""
    targets = [r.target for r in grid.ranges]
    for target in targets:
        if targets.count(target) > 1:
            raise InputInvalid(f"{_label(target)} has two ranges", hint="put all its values into one")
    fixed = {*grid.fixed.positional, *(t for t in targets if isinstance(t, int))}
    if len(fixed) < len(grid.fixed.positional) + sum(isinstance(t, int) for t in targets):
        raise InputInvalid("a position is both fixed and a range", hint="remove one of them")
    for part in (grid.fixed, *grid.groups):
        if both := next((t for t in targets if t in _options(part)), None):
            raise InputInvalid(f"{both} has both a value and a range", hint="remove one of them")
    for part in grid.groups or (Arguments(),):
        if double := fixed & part.positional.keys():
            raise InputInvalid(f"{_label(min(double))} is given twice", hint="remove one of them")
        positions = sorted(fixed | part.positional.keys())
        if positions != list(range(len(positions))):
            missing = next(i for i, p in enumerate([*positions, -1]) if i != p)
            raise InputInvalid(f"{_label(missing)} is missing", hint="positions count from 0 without gaps")


def _options(part: Arguments) -> set[str]:
    return {argument.partition("=")[0] for argument in part.ordered if is_option(argument)}


def _label(target: str | int) -> str:
    return f"position {target}" if isinstance(target, int) else target


def by_name(args: Sequence[str]) -> dict[str, str | list[str]]:
    """Map a group's parameter names to their values; arguments that belong to no option are `pos_0`, `pos_1`, ….

    These are the ones before the first option, and those after `--option=value`. An option without a value maps to '',
    one with several values (or given several times) to a list.
    """
    names: dict[str, list[str]] = {}
    current, positions = "", 0
    for argument in args:
        if is_option(argument):
            name, equals, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
            names.setdefault(name, []).extend([value] if equals else [])
            current = "" if equals else name
        elif current:
            names[current].append(argument)
        else:
            names[f"pos_{positions}"] = [argument]
            positions += 1
    return {name: _unwrap(values) for name, values in names.items()}


def texts_by_name(args: Sequence[str]) -> dict[str, str]:
    """Return the parameters of one group by name as typed, several values joined by spaces."""
    return {name: value if isinstance(value, str) else " ".join(value) for name, value in by_name(args).items()}


def by_plain_name(args: Sequence[str]) -> dict[str, str]:
    """Return the parameters of one group by their plain names, several values joined by spaces."""
    return in_plain(texts_by_name(args))


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Map names of parameters to the same without dashes, unless two would be called the same."""
    known = dict.fromkeys(names)
    counts = Counter(name.lstrip("-") for name in known)
    return {name: name if counts[plain := name.lstrip("-")] > 1 else plain for name in known}


def shown(value: str | None) -> str:
    """Return the value of a parameter for a table: ON for an option without one, nothing for None."""
    return "" if value is None else value or ON


def in_plain(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return parameters with their plain names."""
    plain = plain_names(parameters)
    return {plain[name]: value for name, value in parameters.items()}


def _unwrap(values: list[str]) -> str | list[str]:
    if not values:
        return ""
    return values[0] if len(values) == 1 else values
