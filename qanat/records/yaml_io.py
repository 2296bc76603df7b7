"""YAML as qanat reads and writes it.

Reading processes libyaml's events, so that nothing in a file is ever constructed, imported or expanded: no
tags, no anchors, no duplicate keys, limited depth and size, and the line of every key is known. Writing is
deterministic: in the given order, one key per line, indented by two spaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qanat.domain.key_path import KeyPath
from qanat.domain.parameters import GROUPS_MAX
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.records import yaml_scalars

FILE_BYTES_MAX = 64 * 2**20
# Reading takes six times as much memory as the file is large, and only arguments and metrics make a record large.
BYTES_WITHOUT_GROUPS_MAX = 8 * 2**20
BYTES_PER_GROUP = 128 * 2**10
DEPTH_MAX = 60
# Reading takes 3-4 us per node, and a stranger's file may consist only of nodes. A record of many groups has as
# many nodes, but it also has a line for each group.
NODES_MAX = 50_000
NODES_PER_GROUP = 4_500
NODES_MAX_AT_ALL = 5_000_000
KEYS_MAX = 10_000
_CONFLICT = re.compile(rb"^<{7}(?: |$)", re.MULTILINE)
# Each is compared with all before it, and qanat accepts no tags. These characters are line breaks to libyaml.
_TAG_DIRECTIVE = re.compile("(?:^|[\n\r\x85\u2028\u2029])%TAG\\b")
_GROUP_LINE = b"\n- {group: "
FLOW_WIDTH = 100
KEY_MAX = 1000  # YAML requires a question mark before a key of more than 1,024 characters (section 8.2.2)


class YamlInvalid(InputInvalid):
    """A file is not YAML that qanat accepts; `line` counts from 1."""

    def __init__(self, source: str, line: int, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{source}:{line}: {problem}", hint=hint)
        self.line = line
        self.problem = problem


def load(
    data: bytes, source: str, *, text: bool = False, lines: dict[KeyPath, int] | None = None, own: bool = False
) -> Any:
    """Parse one YAML document; `source` is the file's name, for messages. Raises YamlInvalid.

    Keys are always strings. With `text`, scalars stay as they were written (an empty or null one is
    None). `lines` is filled with the line of every key and item by its path. `own` is for a file that
    the user has just named, which may take a while to read.
    """
    groups = data.count(_GROUP_LINE)
    if len(data) > (limit := FILE_BYTES_MAX if own else bytes_max(groups)):
        raise YamlInvalid(source, 1, f"the file is larger than {limit // 2**20} MiB")
    if groups > GROUPS_MAX and not own:
        raise YamlInvalid(source, 1, f"has more than the {GROUPS_MAX:,} groups that a run may have")
    nodes = NODES_MAX_AT_ALL if own else NODES_MAX + NODES_PER_GROUP * groups
    content = _decode(data, source)
    if b"%TAG" in data and (found := _TAG_DIRECTIVE.search(content)):
        raise YamlInvalid(source, content.count("\n", 0, found.end()) + 1, "uses a %TAG directive", hint="remove it")
    try:
        return _Builder(content, source, text, lines, min(nodes, NODES_MAX_AT_ALL)).build()
    except YamlInvalid:
        if marks := _CONFLICT.search(data):
            line = data.count(b"\n", 0, marks.start()) + 1
            hint = "resolve the conflict in the file, then: git add"
            raise YamlInvalid(source, line, "has the marks of a merge conflict", hint=hint) from None
        raise


def bytes_max(groups: int) -> int:
    """Return how large a file may be: a record of so many groups, or anything else, which has none."""
    return min(BYTES_WITHOUT_GROUPS_MAX + BYTES_PER_GROUP * groups, FILE_BYTES_MAX)


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Return the line of a key or item; if it is missing, the line of whatever should contain it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _decode(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlInvalid(source, line, "is not UTF-8 text", hint="save the file as UTF-8") from None


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled; `key` is the mapping's key that waits for its value."""

    value: Any
    key: str | None = None
    path: KeyPath = ()


class _Builder:
    """Builds plain Python values from libyaml's events."""

    def __init__(self, content: str, source: str, text: bool, lines: dict[KeyPath, int] | None, nodes_max: int) -> None:
        # Imported here: PyYAML takes 20 ms, and `qanat --help` reads no YAML.
        import yaml

        self._yaml = yaml
        self._source = source
        self._text = text
        self._lines = lines
        self._nodes_left = nodes_max
        self._open: list[_Open] = []
        self._roots: list[Any] = []
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._parser = loader(content)
        except yaml.YAMLError as error:
            raise self._from_yaml(error) from None

    def build(self) -> Any:
        yaml = self._yaml
        steps = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
        }
        try:
            while (event := self._parser.get_event()) is not None:
                if step := steps.get(type(event)):
                    step(event)
        except yaml.YAMLError as error:
            raise self._from_yaml(error) from None
        if len(self._roots) > 1:
            raise YamlInvalid(self._source, 1, "contains more than one document", hint="remove the --- lines")
        return self._roots[0] if self._roots else None

    def _scalar(self, event: Any) -> None:
        self._refuse_extras(event)
        value = event.value
        if "\0" in value:  # as the escape \0: no path or argument contains it, and system calls raise ValueError
            raise self._problem(event, "contains a null character", "remove it")
        if self._open and self._open[-1].key is None and isinstance(self._open[-1].value, dict):
            self._take_key(value, event)
            return
        if event.implicit[0] and event.style in (None, ""):
            resolved = yaml_scalars.resolve(value)
            value = resolved if resolved is None or not self._text else value
        self._put(value, event)

    def _take_key(self, key: str, event: Any) -> None:
        top = self._open[-1]
        if key in top.value:
            raise self._problem(event, f"duplicate key {quoted(key)}", "keep one of the two")
        if len(top.value) >= KEYS_MAX:
            raise self._problem(event, f"has more than {KEYS_MAX:,} keys in one mapping")
        top.key = key
        if self._lines is not None:
            self._lines[(*top.path, key)] = event.start_mark.line + 1

    def _start(self, event: Any) -> None:
        self._refuse_extras(event)
        if len(self._open) >= DEPTH_MAX:
            raise self._problem(event, f"is nested deeper than {DEPTH_MAX} levels")
        is_mapping = type(event) is self._yaml.MappingStartEvent
        if self._open and self._open[-1].key is None and isinstance(self._open[-1].value, dict):
            raise self._problem(event, "a key is a single value, not a list or mapping")
        value: Any = {} if is_mapping else []
        path = self._put(value, event)
        self._open.append(_Open(value, None, path))

    def _end(self, _event: Any) -> None:
        self._open.pop()

    def _put(self, value: Any, event: Any) -> KeyPath:
        if not self._open:
            self._roots.append(value)
            return ()
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            if self._lines is None:
                return ()
            path = (*top.path, len(top.value) - 1)
            self._lines[path] = event.start_mark.line + 1
            return path
        key, top.key = top.key, None
        top.value[key] = value
        return (*top.path, key or "") if self._lines is not None else ()

    def _alias(self, event: Any) -> None:
        raise self._problem(event, "uses an alias (*name)", "write out the value")

    def _refuse_extras(self, event: Any) -> None:
        self._nodes_left -= 1
        if self._nodes_left < 0:
            raise self._problem(event, "contains too many keys and values")
        if event.anchor is not None:
            raise self._problem(event, "uses an anchor (&name)", "write out the value where it is used")
        if event.tag is not None:
            raise self._problem(event, f"uses the tag {quoted(event.tag)}", "write a plain value")

    def _problem(self, event: Any, problem: str, hint: str = "") -> YamlInvalid:
        return YamlInvalid(self._source, event.start_mark.line + 1, problem, hint=hint)

    def _from_yaml(self, error: Any) -> YamlInvalid:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "is not YAML"
        return YamlInvalid(self._source, mark.line + 1 if mark else 1, f"is not YAML: {problem}")


def dump(content: Mapping[str, Any], *, flow: frozenset[str] = frozenset()) -> bytes:
    """Return a mapping as a YAML document.

    A value under a top-level key in `flow` is written on one line (a list of mappings: one line for
    each) if it fits into FLOW_WIDTH columns or is such a row. Raises InputInvalid for text that is not
    Unicode.
    """
    out: list[str] = [] if content else ["{}"]
    for key, value in content.items():
        _write_pair(out, "", key, value, flow=key in flow)
    text = "\n".join(out)
    if (place := text.find("\0")) >= 0:
        raise InputInvalid(
            f"{quoted(text[max(0, place - 20) : place + 20])} contains a null character", hint="remove it"
        )
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError as error:
        text = error.object[max(0, error.start - 20) : error.end + 20]
        raise InputInvalid(f"{quoted(text)} cannot be represented in YAML", hint="use UTF-8 only") from None


def _write_pair(out: list[str], indent: str, key: str, value: Any, *, flow: bool = False) -> None:
    name = f"{indent}{_key(key)}:"
    if len(name) > KEY_MAX:
        out += [f"{indent}? {yaml_scalars.write_string(key)}", f"{indent}: {_flow(value)}"]
        return
    if isinstance(value, str) and "\n" in value and _write_literal(out, indent, name, value):
        return
    if not isinstance(value, dict | list | tuple) or not value:
        out.append(f"{name} {_flow(value)}")
        return
    if flow and isinstance(value, list | tuple) and isinstance(value[0], dict):
        out.append(name)
        out.extend(f"{indent}- {_flow(row)}" for row in value)
        return
    if flow or (isinstance(value, list | tuple) and not any(isinstance(v, dict | list) for v in value)):
        line = f"{name} {_flow(value)}"
        if len(line) <= FLOW_WIDTH:
            out.append(line)
            return
    out.append(name)
    if isinstance(value, dict):
        for inner, item in value.items():
            _write_pair(out, f"{indent}  ", inner, item)
    else:
        _write_items(out, indent, value)


def _write_items(out: list[str], indent: str, items: Any) -> None:
    for item in items:
        if isinstance(item, dict) and item:
            first = len(out)
            for key, value in item.items():
                _write_pair(out, f"{indent}  ", key, value)
            out[first] = f"{indent}- {out[first][len(indent) + 2 :]}"
        else:
            out.append(f"{indent}- {_flow(item)}")


def _write_literal(out: list[str], indent: str, name: str, value: str) -> bool:
    body = value.removesuffix("\n")
    if body.endswith("\n") or not yaml_scalars.printable_lines(body):
        return False
    out.append(f"{name} |{'' if value.endswith(chr(10)) else '-'}")
    out.extend(f"{indent}  {line}" if line else "" for line in body.split("\n"))
    return True


@lru_cache(maxsize=256)
def _key(key: str) -> str:
    """Return a key as YAML; cached, since every row of a record has the same keys."""
    return yaml_scalars.write_string(key)


def _flow(value: Any) -> str:
    if isinstance(value, str):
        return yaml_scalars.write_string(value)
    if isinstance(value, dict):
        return f"{{{', '.join(_flow_pair(k, v) for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return yaml_scalars.write(value)


def _flow_pair(key: str, value: Any) -> str:
    name = _key(key)
    return f"{name}: {_flow(value)}" if len(name) <= KEY_MAX else f"? {name} : {_flow(value)}"
