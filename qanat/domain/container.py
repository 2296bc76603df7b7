"""The container that programs work in: as it is asked for, as an engine starts it, and as a run had it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain.data import shown_id

NONE = "none"
# The engine of containers that HTCondor itself starts.
HTCONDOR = "htcondor"
_BUILT_FROM = re.compile(r"(Dockerfile|Containerfile)(\..+)?\Z|.+\.(Dockerfile|Containerfile)\Z")
_SUFFIXES = {".sif": "sif", ".sqfs": "squashfs", ".squashfs": "squashfs", ".sqsh": "squashfs"}
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2")


class Kind(StrEnum):
    """What an image is, as sentences call it."""

    SIF = "SIF files"
    SQUASHFS = "SquashFS files"
    FOLDER = "folders"
    ARCHIVE = "image archives"
    RECIPE = "Dockerfiles"
    NAME = "images by name"


# What an engine needs no store of its own for.
FILES = frozenset({Kind.SIF, Kind.SQUASHFS, Kind.FOLDER})


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """The container that is asked for; without an engine, the image decides which one runs it.

    The path of an image starts at the root of the project. `identity` is that of the run that is repeated.
    """

    image: str
    engine: str | None = None
    binds: tuple[str, ...] = ()
    gpu: bool = False
    options: tuple[str, ...] = ()
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """The container of a run.

    `image` is how the image was named: an image of an engine's own store, a file or a folder. `identity` tells its
    content, such as sha256:9f86…: the digest or id in a store, otherwise a hash. `binds` are paths that it has besides
    those that every container has, `options` are passed to the engine as they are.
    """

    image: str
    engine: str
    identity: str
    binds: tuple[str, ...] = ()
    gpu: bool = False
    options: tuple[str, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """Return it as a row of the record, without what is empty."""
        row = {"image": self.image, "engine": self.engine, "identity": self.identity}
        optional: Mapping[str, Any] = {"binds": self.binds, "gpu": self.gpu, "options": self.options}
        return row | {key: value for key, value in optional.items() if value}

    def again(self) -> ContainerRequest:
        """Return a request for the same container."""
        return ContainerRequest(self.image, self.engine, self.binds, self.gpu, self.options, self.identity)


def other_container(before: Container | None, now: Container | None) -> str:
    """Return the containers of two runs if their images differ, as `b.sif, was a.sif`; empty otherwise.

    If both have the same name, they are told apart by their identities.
    """
    pair = [(run.image, run.identity) if run else (NONE, "") for run in (now, before)]
    if pair[0][1] == pair[1][1]:
        return ""
    if pair[0][0] == pair[1][0]:
        return f"{pair[0][0]} {', was '.join(shown_id(identity) for _, identity in pair)}"
    return f"{pair[0][0]}, was {pair[1][0]}"


def other_settings(before: Container | None, now: Container | None) -> list[str]:
    """List in what two containers differ besides their images, each as `engine: podman, was docker`."""
    if before is None or now is None:
        return []
    pairs = {
        "engine": (now.engine, before.engine),
        "gpu": tuple("yes" if each.gpu else "no" for each in (now, before)),
        "binds": tuple(" ".join(each.binds) or NONE for each in (now, before)),
        "options": tuple(" ".join(each.options) or NONE for each in (now, before)),
    }
    return [f"{name}: {has}, was {had}" for name, (has, had) in pairs.items() if has != had]


@dataclass(frozen=True, slots=True)
class Image:
    """An image to be found: of which kind, how it was named, and where the file or folder is, if it is one.

    `content` is the SHA-256 of the file, or of the files in the folder; for a recipe, of all that it is built from,
    and `context` is the folder of that, None if it needs none.
    """

    kind: Kind
    name: str
    path: Path | None = None
    content: str = ""
    context: Path | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A path of this machine that a container has at a path of its own."""

    source: str
    target: str
    read_only: bool = False

    def __str__(self) -> str:
        """Return it as engines take it."""
        return f"{self.source}:{self.target}{':ro' if self.read_only else ''}"


@dataclass(frozen=True, slots=True)
class Inside:
    """What a program finds in its container; `image` is the image as the engine takes it.

    It is `in_job` if a scheduler starts the engine, which may kill the engine's own process at any time.
    """

    image: str
    workdir: str
    mounts: Sequence[Mount] = ()
    gpu: bool = False
    options: Sequence[str] = ()
    in_job: bool = False


def kind_of(name: str, path: Path | None) -> Kind:
    """Return what an image is by its name and, if there is something at its path, by that."""
    base = PurePosixPath(name).name
    if path is not None and os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises for too long a name
        return Kind.FOLDER
    for suffix, kind in _SUFFIXES.items():
        if base.lower().endswith(suffix):
            return Kind[kind.upper()]
    if base.lower().endswith(_ARCHIVES):
        return Kind.ARCHIVE
    return Kind.RECIPE if _BUILT_FROM.match(base) else Kind.NAME


def bind_problem(text: str) -> str:
    """Return why a text is not a bind, wherever its source is; empty if it is one."""
    try:
        bind = read_bind(text)
    except ValueError:
        return "is not SOURCE or SOURCE:TARGET, either with :ro"
    if bind.target != bind.source and not bind.target.startswith("/"):
        return f"has the target {bind.target}, which is not an absolute path"
    return ""


def read_bind(text: str) -> Mount:
    """Return the mount that a bind describes: SOURCE, SOURCE:TARGET, and either with :ro. Raises ValueError."""
    parts = text.split(":")
    mode = parts.pop() if len(parts) > 1 and parts[-1] in ("ro", "rw") else "rw"
    if len(parts) > 2 or not all(parts):
        raise ValueError(text)
    return Mount(parts[0], parts[-1], read_only=mode == "ro")
