"""What a new project may start with: files from qanat itself, or from somebody else's folder or repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from qanat.domain.layout import CACHE, RECORDED, STATE
from qanat.domain.visible import escaped

FILES_MAX = 2_000
FILE_BYTES_MAX = 2**24
BYTES_MAX = 2**26
PATH_MAX = 400
README = "README.md"
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """The files of a starting point by their paths from the root; which of them are executable; where they are from.

    `left_out` is the number of files that are not those of a starting point, such as records of runs.
    """

    files: Mapping[str, bytes]
    origin: str
    programs: frozenset[str] = field(default=frozenset())
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Described:
    """What the README of a starting point says: what it is in a sentence, and the commands to type first."""

    about: str
    commands: Sequence[str]


def described(readme: str) -> Described:
    """Return what the README of a starting point says: its first paragraph, and its first block of commands."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", readme)]
    about = next((part for part in paragraphs if part and part[0] not in "#<`"), "")
    block = _CONSOLE.search(readme)
    commands = [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")] if block else []
    return Described(about, commands)


def path_problem(path: str) -> str:
    """Return why a file of a starting point cannot have this path, as a predicate; empty if it can."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or str(pure) != path or not pure.parts:
        return "is not a path inside the project"
    if escaped(path) != path or "\n" in path or "\t" in path or len(path.encode("utf-8", "replace")) > PATH_MAX:
        return f"is longer than {PATH_MAX} bytes, or has characters that are not visible"
    # Also as file systems without a difference of case, or with short names, have it.
    if any(part.lower().rstrip(" .") in (".git", "git~1") for part in pure.parts):
        return "belongs to git"
    if is_of_qanat(path):
        return "would be what only qanat itself writes"
    return ""


def is_of_qanat(path: str) -> bool:
    """Return whether a path is that of a record, of what it refers to, or of the cache: only qanat writes those."""
    return any(path.startswith(f"{folder}/") for folder in (*RECORDED, CACHE))


def problems(sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield what is wrong with files of these paths and sizes in bytes."""
    if len(sizes) > FILES_MAX:
        yield f"has more than {FILES_MAX:,} files"
    if sum(sizes.values()) > BYTES_MAX:
        yield f"has more than {BYTES_MAX // 2**20} MiB"
    for path, size in sizes.items():
        if problem := path_problem(path):
            yield f"{path} {problem}"
        elif size > FILE_BYTES_MAX:
            yield f"{path} is larger than {FILE_BYTES_MAX // 2**20} MiB"


def experiments(files: Mapping[str, bytes]) -> list[str]:
    """List the names of the experiments among these files."""
    folder = f"{STATE}/experiments/"
    return sorted(PurePosixPath(path).stem for path in files if path.startswith(folder) and path.endswith(".yaml"))
