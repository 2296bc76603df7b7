"""HTCondor as the engine: its container universe starts jobs in an image, and programs in that of their job."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.containers import file_images
from qanat.containers.protocol import FoundImage, Image, Inside, Kind
from qanat.domain.container import HTCONDOR
from qanat.errors import RunnerUnavailable


class ContainerUniverse:
    """Puts nothing before a program. What a container has of its machine is up to the pool."""

    name = HTCONDOR
    takes = frozenset({Kind.SIF, Kind.FOLDER, Kind.NAME})

    def check(self) -> None:
        """Raise RunnerUnavailable: there is no such program."""
        raise RunnerUnavailable(
            "engine htcondor only exists in jobs of HTCondor", hint="choose another one: --engine apptainer"
        )

    def find(self, image: Image, identity: str, *, make: bool) -> FoundImage:
        """Find a file or folder; of a name, which only the pool resolves, nothing else is known."""
        if image.path is not None:
            return file_images.found(image)
        name = image.name if "://" in image.name else f"docker://{image.name}"
        return FoundImage(name, name)

    def command(self, inside: Inside, program: Sequence[str]) -> tuple[str, ...]:
        """Return the program."""
        return tuple(program)

    def problem(self, inside: Inside) -> str:
        """Return nothing: only the machine of a job could tell."""
        return ""


def htcondor() -> ContainerUniverse:
    """Return the container universe."""
    return ContainerUniverse()
