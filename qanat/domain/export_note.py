"""The note beside files that were copied for a document: from which groups of which runs they are.

It is read from the working tree, so it says what was copied, and decides nothing but whether to copy again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

NOTE = "qanat.yaml"
FLOW = frozenset({"action", "groups", "files"})


@dataclass(frozen=True, slots=True)
class Source:
    """The group of a run that files are from: what it executed, with which arguments, and when it ended."""

    run: str
    group: int
    commit: str
    key: str | None
    ended: str | None
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file in the folder of the note, by its path in it, and the run that it is from.

    `group` is None for a file of a whole run; `source` is the path of the file in the storage directory.
    """

    file: str
    run: str
    group: int | None
    source: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UsedAction:
    """The action that was run before files were copied, and the SHA-256 of its program."""

    name: str
    arguments: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Note:
    """What was copied for a dependency of a document."""

    document: str
    dependency: str
    experiment: str
    groups: tuple[Source, ...]
    files: tuple[CopiedFile, ...]
    action: UsedAction | None = None
    patterns: tuple[str, ...] = ()
    whole: bool = False

    def as_mapping(self) -> dict[str, Any]:
        """Return the keys and values of the file."""
        found: dict[str, Any] = {
            "document": self.document,
            "dependency": self.dependency,
            "experiment": self.experiment,
            "patterns": list(self.patterns),
        }
        found |= {"whole": True} if self.whole else {}
        found |= {"action": asdict(self.action) | {"arguments": list(self.action.arguments)}} if self.action else {}
        found["groups"] = [_without_none(asdict(one) | {"args": list(one.args)}) for one in self.groups]
        found["files"] = [_without_none(asdict(one)) for one in self.files]
        return found


def note_from(content: Any) -> Note | None:
    """Return the note in a mapping; None if it is none."""
    try:
        return Note(
            document=_text(content["document"]),
            dependency=_text(content["dependency"]),
            experiment=_text(content["experiment"]),
            groups=tuple(map(_source, content["groups"])),
            files=tuple(map(_file, content["files"])),
            action=_action(content["action"]) if "action" in content else None,
            patterns=tuple(map(_text, content["patterns"])),
            whole=content.get("whole", False) is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _source(row: Mapping[str, Any]) -> Source:
    return Source(
        _text(row["run"]),
        _number(row["group"]),
        _text(row["commit"]),
        None if row.get("key") is None else _text(row["key"]),
        None if row.get("ended") is None else _text(row["ended"]),
        tuple(map(_text, row["args"])),
    )


def _file(row: Mapping[str, Any]) -> CopiedFile:
    return CopiedFile(
        _text(row["file"]),
        _text(row["run"]),
        None if row.get("group") is None else _number(row["group"]),
        _text(row["source"]),
        _number(row["bytes"]),
        _text(row["sha256"]),
    )


def _action(row: Mapping[str, Any]) -> UsedAction:
    return UsedAction(_text(row["name"]), tuple(map(_text, row["arguments"])), _text(row["sha256"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _without_none(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}
