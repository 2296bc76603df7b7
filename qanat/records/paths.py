"""Where the files of a project are; see "What is where" in DESIGN.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qanat.domain.layout import DEFINITIONS, RUNS, STATE


@dataclass(frozen=True)
class ProjectPaths:
    """The files of the project with this root."""

    root: Path

    @cached_property
    def state(self) -> Path:
        """The `.qanat` folder."""
        return self.root / STATE

    @cached_property
    def config(self) -> Path:
        """The project's settings."""
        return self.state / "config.yaml"

    @cached_property
    def runs(self) -> Path:
        """The folder of run records."""
        return self.root / RUNS

    @cached_property
    def schemas(self) -> Path:
        """Copies of the schemas for editors; they are recreated if they are missing."""
        return self.state / "cache" / "schemas"

    def folder(self, kind: str) -> Path:
        """Return the folder of all definitions of a kind."""
        return self.state / DEFINITIONS[kind]

    def definition(self, kind: str, name: str, runner: str = "") -> Path:
        """Return the file of an experiment, dataset, document, or (with its runner) template."""
        return self.folder(kind) / runner / f"{name}.yaml"

    def relative(self, path: Path) -> str:
        """Return a path for display: relative to the project's root if it is inside, otherwise absolute."""
        text, top = str(path), str(self.root)
        return "." if text == top else text.removeprefix(top if top.endswith("/") else f"{top}/")
