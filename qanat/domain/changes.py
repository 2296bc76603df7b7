"""What changed in definitions and settings, key by key, and which definitions were only renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from qanat.domain import meanings
from qanat.domain.key_path import KeyPath, dotted
from qanat.domain.meanings import ABSENT, Sentence
from qanat.domain.requests import Requests

ADDED, REMOVED, CHANGED, RENAMED = "added", "removed", "changed", "renamed"
Place = tuple[str, str, str, str]
# These keys identify a definition under another name; what describes it may have changed with the name.
# Keys whose value may be the value of one of their keys.
_SHORT_FORMS = {"checkpoint": "exit_code", "container": "image"}
_DESCRIBING = frozenset({"schema", "name", "formerly", "description", "tags", "path"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition on one side: its kind, name, file and content; `runner` is a template's."""

    kind: str
    name: str
    file: str
    content: Mapping[str, Any]
    runner: str = ""

    @property
    def place(self) -> Place:
        """What identifies a definition. A template in the settings differs from one with the same name in a file."""
        return self.kind, self.runner, self.name, self.file


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key with its value on both sides (ABSENT where it is missing), and what the change means."""

    path: KeyPath
    old: Any
    new: Any
    meaning: Sentence = ()

    @property
    def key(self) -> str:
        """The key as a person writes it: `options.request_cpus`."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """A definition that was added, removed, changed or renamed; `renamed_from` is its earlier name.

    `heirs` are the templates that extend a template.
    """

    definition: Definition
    change: str
    keys: tuple[KeyChange, ...]
    renamed_from: str = ""
    heirs: tuple[str, ...] = ()


def compare_definitions(
    old: Sequence[Definition],
    new: Sequence[Definition],
    moved: Mapping[str, str],
    requests: Mapping[str, Requests] = MappingProxyType({}),
) -> list[DefinitionChange]:
    """List what changed between two sides, ordered by kind and name.

    `moved` maps the old names of experiments to the names that their runs now have, `requests` the names of runners to
    what the options of their templates ask for.
    """
    before = {d.place: d for d in old}
    after = {d.place: d for d in new}
    gone = [d for place, d in before.items() if place not in after]
    come = [d for place, d in after.items() if place not in before]
    renamed = _renamed(gone, come, moved)
    found = [_change(before[place], d, requests) for place, d in after.items() if place in before]
    found += [_rename(renamed[d.place], d, requests) if d.place in renamed else _whole(d, ADDED) for d in come]
    known_again = {d.place for d in renamed.values()}
    found += [_whole(d, REMOVED) for d in gone if d.place not in known_again]
    kinds = list(meanings.KINDS)
    real = [c for c in found if c.keys or c.change != CHANGED]
    return sorted(
        real, key=lambda c: (kinds.index(c.definition.kind), c.definition.runner, c.definition.name, c.definition.file)
    )


def _renamed(
    gone: Sequence[Definition], come: Sequence[Definition], moved: Mapping[str, str]
) -> dict[Place, Definition]:
    """Match added definitions with removed ones: by former names, by runs, or by everything but the description."""
    result: dict[Place, Definition] = {}
    left = list(gone)
    for new in come:
        match = next((d for d in left if _is_same(d, new, moved)), None)
        if match:
            left.remove(match)
            result[new.place] = match
    return result


def _is_same(old: Definition, new: Definition, moved: Mapping[str, str]) -> bool:
    if (old.kind, old.runner) != (new.kind, new.runner) or old.name == new.name:
        return False
    if old.kind == "experiment" and old.name in moved:
        return moved[old.name] == new.name
    return was_named(new, old.name) or _essence(old) == _essence(new)


def was_named(definition: Definition, name: str) -> bool:
    """Return whether a definition lists this name as a former one."""
    return name in definition.content.get("formerly", ())


def _essence(definition: Definition) -> dict[str, Any]:
    # A dataset is identified by its path; elsewhere, a path is only where a person keeps things.
    without = _DESCRIBING - {"path"} if definition.kind == "dataset" else _DESCRIBING
    return {key: value for key, value in definition.content.items() if key not in without}


def _change(old: Definition, new: Definition, requests: Mapping[str, Requests]) -> DefinitionChange:
    return DefinitionChange(new, CHANGED, tuple(_keys(old, new, requests)))


def _rename(old: Definition, new: Definition, requests: Mapping[str, Requests]) -> DefinitionChange:
    keys = tuple(c for c in _keys(old, new, requests) if c.path[0] not in ("name", "formerly"))
    return DefinitionChange(new, RENAMED, keys, old.name)


def _whole(definition: Definition, change: str) -> DefinitionChange:
    content = {key: value for key, value in definition.content.items() if key not in ("schema", "name", "runner")}
    sides = ({}, content) if change == ADDED else (content, {})
    keys = (KeyChange(path, old, new) for path, old, new in _differences((), *map(_by_name, sides)))
    return DefinitionChange(definition, change, tuple(keys))


def _keys(old: Definition, new: Definition, requests: Mapping[str, Requests]) -> Iterator[KeyChange]:
    return key_changes(new.kind, old.content, new.content, requests.get(new.runner, {}))


def key_changes(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], requests: Requests = MappingProxyType({})
) -> Iterator[KeyChange]:
    """Yield the keys that differ between two contents of a kind."""
    for path, before, after in _differences((), *_spelled_alike(_by_name(old), _by_name(new))):
        yield KeyChange(path, before, after, meanings.meaning(kind, path, before, after, requests))


def _by_name(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return content with its list of metric files as a mapping, so that each file is compared with itself."""
    metrics = content.get("metrics")
    if not isinstance(metrics, list) or not all(isinstance(m, dict) and "file" in m for m in metrics):
        return content
    files = {str(m["file"]): {k: v for k, v in m.items() if k != "file"} for m in metrics}
    return {**content, "metrics": files} if len(files) == len(metrics) else content


def _spelled_alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return two contents in which a value that may also be a mapping is one in both, if it is one in either."""
    both = [dict(old), dict(new)]
    for name, key in _SHORT_FORMS.items():
        if any(isinstance(content.get(name), dict) for content in both):
            for content in both:
                if name in content and not isinstance(content[name], dict):
                    content[name] = {key: content[name]}
    return both


def _differences(path: KeyPath, old: Any, new: Any) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Walk two values at once; mappings are entered, everything else is compared as a whole."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if _differ(old, new):
            yield from _leaves(path, old, new)
        return
    for key in dict.fromkeys((*old, *new)):
        yield from _differences((*path, key), old.get(key, ABSENT), new.get(key, ABSENT))


def _leaves(path: KeyPath, old: Any, new: Any) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Yield a value that was added or removed; a mapping key by key."""
    for value, other in ((old, new), (new, old)):
        if isinstance(value, dict) and value and other is ABSENT:
            for key in value:
                sides = (value[key], ABSENT) if value is old else (ABSENT, value[key])
                yield from _leaves((*path, key), *sides)
            return
    yield path, old, new


def _differ(old: Any, new: Any) -> bool:
    """Compare values as YAML does: 1, 1.0 and true are three different values."""
    return type(old) is not type(new) or old != new or (isinstance(old, list) and repr(old) != repr(new))
