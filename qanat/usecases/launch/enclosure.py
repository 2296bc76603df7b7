"""The container of a run that is about to start: what it has of this machine, and the command of the engine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.containers.protocol import Engine
from qanat.domain.container import HTCONDOR, Container, Inside, Mount
from qanat.errors import InputInvalid
from qanat.system import files

# Engines such as charliecloud, which need a folder in an image for what they bind, bind this one themselves.
_TMP = "/tmp/"  # noqa: S108  # nothing is written there


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The container of a run, its engine, and the image as that takes it.

    `workdir` is where programs work, `mounts` are what the container has of this machine besides the storage directory.
    An image that is not built yet is not known. It is `in_job` if a scheduler starts the engine.
    """

    container: Container
    engine: Engine
    image: str
    workdir: Path
    mounts: tuple[Mount, ...]
    is_known: bool = True
    in_job: bool = False

    @property
    def image_of_jobs(self) -> str:
        """The image that a scheduler itself starts jobs in; empty if an engine does that for each program."""
        return self.image if self.container.engine == HTCONDOR else ""

    def command(self, storage: Path, program: Sequence[str]) -> tuple[str, ...]:
        """Return the command that starts a program, given the storage directory of the run."""
        return self.engine.command(self._inside(storage), program)

    def check(self, storage: Path) -> None:
        """Raise InputInvalid if the engine can tell that such a container cannot be started here."""
        if why := self.engine.problem(self._inside(storage)):
            raise InputInvalid(
                f"{self.container.engine} cannot start image {self.container.image}: {why}",
                hint=self._missing_folders(storage) or "--dry-run prints the command of the engine",
            )

    def _missing_folders(self, storage: Path) -> str:
        """Return how to create what an image lacks that is a folder; empty if it lacks nothing, or is a file."""
        if not files.is_folder(Path(self.image)):
            return ""
        targets = [mount.target for mount in self._inside(storage).mounts if not mount.target.startswith(_TMP)]
        missing = [path for path in (self.image + each for each in targets) if not files.exists(Path(path))]
        return f"create what the image lacks: mkdir -p {shlex.join(missing)}" if missing else ""

    def _inside(self, storage: Path) -> Inside:
        mounts = sorted(
            (*self.mounts, *added(self.mounts, str(storage))), key=_place
        )  # parents first: they hide others
        gpu, options = self.container.gpu, self.container.options
        return Inside(self.image, str(self.workdir), mounts, gpu, options, self.in_job)


def _place(mount: Mount) -> str:
    return mount.target


def added(mounts: Sequence[Mount], path: str, *, read_only: bool = False) -> Iterator[Mount]:
    """Yield the mount with which a container has a path as this machine does, unless it has it already.

    A link inside of what is mounted leads to the path behind it, which is mounted in that case.
    """
    above = _above(mounts, path)
    source = os.path.realpath(path)
    target = source if above else path
    if ":" in f"{source}{target}":
        raise InputInvalid(f"{path} cannot be bound: it contains a colon", hint="rename the folder")
    covering = _above(mounts, target)
    if covering is None or covering.read_only != read_only or (above and source != _behind(covering, target)):
        yield Mount(source, target, read_only)


def _above(mounts: Sequence[Mount], path: str) -> Mount | None:
    """Return the innermost mount that a path is in; None if there is none."""
    found = [mount for mount in mounts if path == mount.target or path.startswith(f"{mount.target.rstrip('/')}/")]
    return max(found, key=lambda mount: len(mount.target), default=None)


def _behind(mount: Mount, target: str) -> str:
    """Return the path of this machine that a container has at a path inside of a mount."""
    return os.path.realpath(mount.source + target.removeprefix(mount.target))
