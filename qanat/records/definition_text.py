"""The text of a definition's file: a line for editors at its top, its keys, and the user's comments.

The first line names the schema in the form that YAML language servers understand (`# yaml-language-server:
$schema=PATH`, relative to the file), so that editors complete and explain keys without any configuration. The
schemas are in `.qanat/cache/schemas/`, where any command that needs the cache writes them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qanat.domain.sharing import Sharing
from qanat.errors import InputInvalid, WriteFailed
from qanat.records import definitions, schemas, yaml_io
from qanat.records.paths import ProjectPaths
from qanat.system import below

_MODELINE = "# yaml-language-server: $schema="
_KEY = re.compile(r"([^\s#:'\"{\[-][^:#]*):(?:\s|$)")


def encode(paths: ProjectPaths, kind: str, content: dict[str, Any], file: Path, before: bytes = b"") -> bytes:
    """Return a definition as stored in `file`.

    Of its current text, `before`, comments stay above their keys, and values that do not change stay as they are.
    """
    text = before.decode("utf-8", "replace")
    line, comments = modeline(paths, kind, file).encode(), comments_of(text)
    written = {key: yaml_io.dump({key: value}) for key, value in content.items()}
    same = {key: data for key, data in _values_of(text).items() if _normal(data) == written.get(key)}
    plain = line + _joined(written, comments)
    kept = line + _joined(written | same, comments)
    # What ends one value, such as a text with its empty lines, may depend on what follows it.
    return kept if same and _normal(kept) == b"".join(written.values()) else plain


def _joined(values: Mapping[str, bytes], comments: Mapping[str, list[str]]) -> bytes:
    """Return values below their comments; those of keys that are gone come last."""
    parts = [part for key, data in values.items() for part in (_as_lines(comments.get(key, ())), data)]
    return b"".join((*parts, *(_as_lines(lines) for key, lines in comments.items() if key not in values)))


def _as_lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _normal(data: bytes) -> bytes | None:
    """Return YAML as qanat writes it; None if it is not a mapping that can be read."""
    with contextlib.suppress(InputInvalid):
        content = yaml_io.load(data, "")
        return yaml_io.dump(content) if isinstance(content, dict) else None
    return None


def _values_of(text: str) -> dict[str, bytes]:
    """Map each key to its lines, from the key to the last line of its value."""
    found: dict[str, list[str]] = {}
    key = ""
    waiting: list[str] = []
    for line in text.splitlines():
        if match := _KEY.match(line):
            key = match[1].rstrip()
            found[key], waiting = [line], []
        elif line.startswith("#") or not line.strip():
            waiting.append(line)
        elif key:
            found[key] += [*waiting, line]
            waiting = []
    return {key: _as_lines(lines) for key, lines in found.items()}


def migrated(kind: str, file: Path, data: bytes) -> bytes:
    """Return the text of a definition in the newest version of its schema; `file` is its path from the project's root.

    A text in the newest version comes back as it is. Comments stay as encode() keeps them.
    """
    content = yaml_io.load(data, str(file))
    newest = schemas.current(content, kind, str(file))
    if newest is content or not isinstance(newest, dict):
        return data
    return encode(ProjectPaths(Path()), kind, definitions.ordered(newest, kind), file, data)


def modeline(paths: ProjectPaths, kind: str, file: Path) -> str:
    """Return the line that tells an editor the schema of a file."""
    up = "../" * (len(file.relative_to(paths.state).parts) - 1)
    return f"{_MODELINE}{up}{paths.schemas.relative_to(paths.state).as_posix()}/{schemas.file_name(kind)}\n"


def comments_of(text: str) -> dict[str, list[str]]:
    """Map each key to the comments and blank lines above it at the left margin; those at the end belong to ''.

    Comments inside a key's value are left out.
    """
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            waiting += [] if line.startswith(_MODELINE) else [line]
        elif key := _KEY.match(line):
            found[key[1].rstrip()], waiting = waiting, []
        else:
            waiting = []  # they belong to the value that continues here
    return {key: lines for key, lines in (found | {"": waiting}).items() if any(map(str.strip, lines))}


def lost_comments(before: bytes, after: bytes) -> list[str]:
    """List the comment lines that encode() did not keep: those inside a value that has changed."""
    kept, lines = set(_comment_lines(after)), _comment_lines(before)
    return [line.strip() for line in lines if line not in kept]


def _comment_lines(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.lstrip().startswith("#") and not line.startswith(_MODELINE)]


def install_schemas(paths: ProjectPaths, sharing: Callable[[], Sharing] = Sharing) -> None:
    """Write the schemas where the files' first lines point to; failures are ignored."""
    folder = paths.relative(paths.schemas)
    there = below.sizes(paths.root, folder)
    with contextlib.suppress(OSError, WriteFailed, InputInvalid):
        for kind, version in schemas.every():
            name, source = schemas.file_name(kind, version), schemas.source_of(kind, version)
            # Another size is another qanat's, or somebody else's.
            if there.get(name) != source.stat().st_size:
                below.write(paths.root, f"{folder}/{name}", source.read_bytes(), sharing=sharing())
