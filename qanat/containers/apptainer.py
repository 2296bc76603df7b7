"""apptainer, and singularity, from which it comes and whose command line it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qanat.containers import file_images
from qanat.containers.installed import check_installed
from qanat.containers.protocol import FoundImage, Image, Inside, Kind
from qanat.errors import UsageError


@dataclass(frozen=True, slots=True)
class Apptainer:
    """Starts programs with `NAME exec`, where its name is that of its program."""

    name: str
    takes: frozenset[Kind] = frozenset({Kind.SIF, Kind.SQUASHFS, Kind.FOLDER})

    def check(self) -> None:
        """Raise RunnerUnavailable if the program is not on the PATH."""
        check_installed(self.name)

    def find(self, image: Image, identity: str, *, make: bool) -> FoundImage:
        """Find a file or folder."""
        return file_images.found(image)

    def command(self, inside: Inside, program: Sequence[str]) -> tuple[str, ...]:
        """Return the command that starts a program. Raises UsageError for a path that --bind cannot name."""
        for mount in inside.mounts:
            if "," in f"{mount.source}{mount.target}":
                raise UsageError(
                    f"{mount.source} cannot be bound by {self.name}: it contains a comma", hint="rename the folder"
                )
        binds = [part for mount in inside.mounts for part in ("--bind", str(mount))]
        gpu = ["--nv"] if inside.gpu else []
        # Older versions of singularity have no --cwd.
        return (self.name, "exec", *gpu, *binds, "--pwd", inside.workdir, *inside.options, inside.image, *program)

    def problem(self, inside: Inside) -> str:
        """Return nothing: a container takes too long to start for a trial."""
        return ""


def apptainer() -> Apptainer:
    """Return apptainer."""
    return Apptainer("apptainer")


def singularity() -> Apptainer:
    """Return singularity."""
    return Apptainer("singularity")
