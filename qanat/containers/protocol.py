"""What qanat knows about an engine, and all that an engine in another package needs to import.

An engine only adds arguments before those of a program, so what starts the program, this process or a scheduler's job,
does not know of it. Its container is to differ from this machine in the files of the image alone: programs have the
user, the network, the processes and the signals of this machine, so that a run ends and is cancelled as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qanat.domain.container import Image, Inside, Kind, Mount

__all__ = ["Engine", "FoundImage", "Image", "Inside", "Kind", "Mount"]

# No image has such a program, so that all of a container but its program is tried.
PROBE = "/qanat-probe"
# The variables that a program is to have in an engine that passes none by itself.
VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "QANAT_ATTEMPT",
    "QANAT_CHECKPOINT",
    "QANAT_GROUP",
    "QANAT_JOB",
    "QANAT_PARAMETERS_FILE",
    "QANAT_RUN",
    "QANAT_STORAGE_PATH",
)


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image as the engine takes it, what its content is, and for which machine, as uname calls it, if known."""

    reference: str
    identity: str
    machine: str = ""


class Engine(Protocol):
    """Starts programs in containers. It has no state, so that another process can use it."""

    name: str
    takes: frozenset[Kind]

    def check(self) -> None:
        """Raise RunnerUnavailable if the engine is not installed here."""

    def find(self, image: Image, identity: str, *, make: bool) -> FoundImage:
        """Find an image, if possible the one with this identity, which may be empty.

        With `make`, an image in an archive is loaded, and a recipe built, once for each content; otherwise, the image
        may be missing, and its identity empty. Raises ImageNotFound, InputInvalid for an image that cannot be used,
        RunnerUnavailable for an engine that does not work.
        """

    def command(self, inside: Inside, program: Sequence[str]) -> tuple[str, ...]:
        """Return the command that starts a program. Raises UsageError for what the engine cannot do."""

    def problem(self, inside: Inside) -> str:
        """Return why such a container cannot be started here, as far as that is found out quickly; empty if it can.

        Raises RunnerUnavailable for an engine that can start none.
        """
