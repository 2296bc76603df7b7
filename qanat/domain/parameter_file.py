"""The file of -f/--param-file: fixed and varying arguments as YAML.

Its scalars arrive here as the text that was written (`1e-4` stays `1e-4`); None stands for an empty value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qanat.domain.parameters import Arguments, Grid, is_option
from qanat.domain.ranges import ValueRange, progression
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

_POSITION = re.compile(r"(?:0|[1-9][0-9]{0,5})\Z")
_SHAPE = (
    "fixed_args: {positional, options} and "
    "varying_args: {range: {positional, options}, groups: [{positional, options}]}"
)


def grid_from_file(content: Any, source: str) -> Grid:
    """Parse the content of a parameter file; `source` is its path, for messages. Raises InputInvalid."""
    top = _mapping(content, source, {"fixed_args", "varying_args"})
    if not top:
        raise InputInvalid(f"{source}: has no parameters", hint=f"it must look like: {_SHAPE}")
    fixed = _arguments(top.get("fixed_args"), f"{source}: fixed_args")
    varying = _mapping(top.get("varying_args"), f"{source}: varying_args", {"range", "groups"})
    ranges = _ranges(varying.get("range"), f"{source}: varying_args.range")
    groups = _groups(varying.get("groups"), f"{source}: varying_args.groups")
    _check_options(fixed, groups, ranges, source)
    return Grid(fixed, groups, ranges)


def _groups(content: Any, where: str) -> tuple[Arguments, ...]:
    if content is None:
        return ()
    if not isinstance(content, list) or not content:
        raise InputInvalid(f"{where}: is a list of groups", hint="write each as - {options: {--a: 1}}")
    return tuple(_arguments(item, f"{where}.{i}") for i, item in enumerate(content))


def _arguments(content: Any, where: str) -> Arguments:
    parts = _mapping(content, where, {"positional", "options"})
    positional = _mapping(parts.get("positional"), f"{where}.positional", None)
    placed = {_position(k, where): _word(v, f"{where}.positional.{k}") for k, v in positional.items()}
    options = _mapping(parts.get("options"), f"{where}.options", None)
    arguments = [w for name, value in options.items() for w in _option(name, value, f"{where}.options")]
    return Arguments(placed, tuple(arguments))


def _option(name: str, value: Any, where: str) -> list[str]:
    """Return an option with its value: none if the value is empty, several if it is a list."""
    _check_option_name(name, where)
    if value is None:
        return [name]
    if isinstance(value, list):
        return [name, *(_word(item, f"{where}.{name}") for item in value)]
    return [name, _word(value, f"{where}.{name}")]


def _ranges(content: Any, where: str) -> tuple[ValueRange, ...]:
    parts = _mapping(content, where, {"positional", "options"})
    found = []
    for key, value in _mapping(parts.get("positional"), f"{where}.positional", None).items():
        found.append(ValueRange(_position(key, where), _values(value, f"{where}.positional.{key}")))
    for key, value in _mapping(parts.get("options"), f"{where}.options", None).items():
        _check_option_name(key, f"{where}.options")
        found.append(ValueRange(key, _values(value, f"{where}.options.{key}")))
    return tuple(found)


def _values(content: Any, where: str) -> Any:
    """Parse [start, stop, step], {start, stop, step} (step defaults to 1) or {values: […]}."""
    if isinstance(content, dict) and "values" in content:
        items = _mapping(content, where, {"values"})["values"]
        if not isinstance(items, list) or not items:
            raise InputInvalid(f"{where}: values is a list with at least one value")
        return tuple(_word(item, where) for item in items)
    if isinstance(content, dict):
        bounds = _mapping(content, where, {"start", "stop", "step"})
        content = [bounds.get("start", "0"), bounds.get("stop"), bounds.get("step", "1")]
    if not isinstance(content, list) or not 2 <= len(content) <= 3 or None in content:
        raise InputInvalid(
            f"{where}: a range is [start, stop, step], {{start, stop, step}} or {{values: […]}}",
            hint="for a list of values write {values: [1, 5, 7]}",
        )
    numbers = [_word(item, where) for item in content]
    return progression(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else "1", where=where)


def _check_options(
    fixed: Arguments, groups: tuple[Arguments, ...], ranges: tuple[ValueRange, ...], source: str
) -> None:
    ranged = [r.target for r in ranges if isinstance(r.target, str)]
    for part in groups or (Arguments(),):
        names = [w for w in (*fixed.ordered, *part.ordered) if is_option(w)] + ranged
        for name in names:
            if names.count(name) > 1:
                raise InputInvalid(
                    f"{source}: {name} is given twice", hint="an option is fixed, in a range or in the groups"
                )


def _mapping(content: Any, where: str, keys: set[str] | None) -> Mapping[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputInvalid(f"{where}: is not a mapping", hint=f"it must look like: {_SHAPE}")
    if keys is not None and (unknown := content.keys() - keys):
        raise InputInvalid(f"{where}: unknown key {quoted(min(unknown))}", hint=f"known: {', '.join(sorted(keys))}")
    return content


def _position(key: str, where: str) -> int:
    if not _POSITION.match(key):
        raise InputInvalid(f"{where}.positional: {quoted(key)} is not a position", hint="positions are 0, 1, 2, …")
    return int(key)


def _check_option_name(name: str, where: str) -> None:
    if not is_option(name):
        raise InputInvalid(f"{where}: {quoted(name)} is not an option", hint="write it with its dashes: --seed")


def _word(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InputInvalid(f"{where}: is not a single value")
    return value
