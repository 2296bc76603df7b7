"""The software that the program of a run finds: its interpreter, what is installed there, lock files, and so on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What runs the program.

    `language` is its name in lower case, such as python; `build` is what the interpreter says of how it was built,
    `kind` is how it is installed: venv, conda or system.
    """

    language: str
    version: str
    build: str = ""
    kind: str = ""

    def as_mapping(self) -> dict[str, str]:
        """Return what is known, in the order of the file."""
        values = {"language": self.language, "version": self.version, "build": self.build, "kind": self.kind}
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Environment:
    """The software that a program finds; what is empty is unknown.

    `distributions` map the names of installed packages, in the form of PyPI's addresses, to their versions.
    """

    interpreter: Interpreter | None = None
    distributions: Mapping[str, str] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, in the order of the file; mappings are sorted by their keys."""
        values = {
            "interpreter": self.interpreter.as_mapping() if self.interpreter else {},
            "distributions": dict(sorted(self.distributions.items())),
        }
        return {key: value for key, value in values.items() if value}
