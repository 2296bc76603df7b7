"""The text of a definition's file: a line for editors at its top, its keys, and the user's comments.

The first line names the schema in the form that YAML language servers understand (`# yaml-language-server:
$schema=PATH`, relative to the file), so that editors complete and explain keys without any configuration. The
schemas are in `.qanat/cache/schemas/`, where any command that needs the cache writes them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
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
    """Return a definition as stored in `file`; comments of its current text, `before`, stay above their keys."""
    kept = comments_of(before.decode("utf-8", "replace"))
    parts = [modeline(paths, kind, file).encode()]
    for key, value in content.items():
        parts += ["".join(f"{line}\n" for line in kept.pop(key, ())).encode(), yaml_io.dump({key: value})]
    left = [line for lines in kept.values() for line in lines]
    return b"".join((*parts, "".join(f"{line}\n" for line in left).encode()))


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


def inner_comments(text: str) -> list[str]:
    """List the comment lines that encode() cannot keep: those inside a key's value."""
    kept = {line for lines in comments_of(text).values() for line in lines}
    lines = [line for line in text.splitlines() if line.lstrip().startswith("#") and not line.startswith(_MODELINE)]
    return [line.strip() for line in lines if line not in kept]


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
