"""Programs that end before they have finished, and continue later from a checkpoint of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

# The folder in a group's directory that is the program's own for its checkpoint, and the variable that has its path.
FOLDER = "checkpoint"
VARIABLE = "QANAT_CHECKPOINT"
ATTEMPT_VARIABLE = "QANAT_ATTEMPT"
ATTEMPTS = 20
ATTEMPTS_MAX = 1000


def left_out(checkpoint: Checkpoint | None) -> frozenset[str]:
    """Return the names in a group's directory that do not count as outputs: they depend on when it was stopped."""
    return frozenset({FOLDER}) if checkpoint else frozenset()


def is_inside(file: str) -> bool:
    """Return whether this is the path of a file in a directory, as the schemas ask for it."""
    parts = file.split("/")
    return not {"", ".", ".."}.intersection(parts) and not set("\\\n\r\0").intersection(file)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What says that a program is to continue later, and how many attempts it may have.

    It says so by an exit code, or by a file in its group's directory that it has written in this attempt.
    """

    exit_code: int | None = None
    file: str | None = None
    attempts: int = ATTEMPTS

    @classmethod
    def from_content(cls, content: int | Mapping[str, Any]) -> Checkpoint:
        """Return what a valid value of `checkpoint` describes; a number alone is an exit code."""
        return cls(content) if isinstance(content, int) else cls(**content)

    def after(self, attempts: int) -> Checkpoint:
        """Return it for a group that has made this many attempts already."""
        return replace(self, attempts=max(1, self.attempts - attempts))

    def as_mapping(self) -> dict[str, Any]:
        """Return it as the mapping in which records have it."""
        values = {"exit_code": self.exit_code, "file": self.file, "attempts": self.attempts}
        return {key: value for key, value in values.items() if value is not None}

    def __str__(self) -> str:
        """Return it as text: `up to 20 attempts: exit code 85, or checkpoint/again`."""
        signs = [f"exit code {self.exit_code}"] if self.exit_code is not None else []
        signs += [self.file] if self.file else []
        return f"up to {self.attempts} attempts: {', or '.join(signs)}"
