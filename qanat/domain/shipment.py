"""What jobs get that run on machines which do not see the project's disk, and the paths of it over there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qanat.domain.data_paths import is_url

# Begins a path in the folder of a job, which only its script knows. No argument of a program can contain it.
SANDBOX = "\0"
# How such a path is shown.
SHOWN = "{sandbox}"
# What the script makes in that folder: the code, and what comes back.
CODE, OUT = "code", "out"
STORAGE, WORKDIR = Path(SANDBOX, OUT), Path(SANDBOX, CODE)
# How a dataset reaches a job: it is shipped, or it is there.
FILE, PRESENT = "file", "present"
INPUTS = "inputs.tar.gz"


@dataclass(frozen=True, slots=True)
class Shipment:
    """What each job of a run gets: its code, and files, folders and URLs, which arrive under their own names.

    `archive` has the code as a .tar.gz, whose name is that of its content. `datasets` are the paths or URLs that
    programs get, by their names.
    """

    archive: Path
    datasets: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def in_sandbox(path: str) -> str:
    """Return where a job finds what is shipped from this path or URL."""
    return f"{SANDBOX}/{name_of(path)}"


def name_of(path: str) -> str:
    """Return the name under which a path or URL arrives."""
    return posixpath.basename((urlsplit(path).path if is_url(path) else path).rstrip("/"))


def doubled(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return two different paths that would arrive under one name; None if there are none."""
    seen: dict[str, str] = {}
    for path in paths:
        if seen.setdefault(name_of(path), path) != path:
            return seen[name_of(path)], path
    return None


def shown(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command as it is shown to people and recorded."""
    return tuple(word.replace(SANDBOX, SHOWN) for word in command)
