"""A paper in a world, and what is seen while it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import yaml

from qanat.domain import times
from qanat.domain.document import Dependency
from qanat.domain.run import Run
from qanat.domain.standing import IGNORABLE
from qanat.usecases.documents.compile import How, compile_document, looked_at
from qanat.usecases.documents.gathering import Starting
from qanat.usecases.documents.status import DependencyStatus
from qanat.usecases.documents.values import Doubts
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.launch.wait_several import Seen
from qanat.usecases.runs.action import ActionPlan
from tests.support.world import View, World

PROGRAM = 'echo "$1" "$2" >"$4/out.txt"\n'
PARAMETERS = {"varying_args": {"range": {"options": {"--lr": {"values": ["0.1", "1e-2"]}}}}}


class Seeing:
    """Notes what is seen of a compilation; `then` is called when runs that are waited for are looked at."""

    def __init__(self, then: Any = lambda runs, notes: None) -> None:
        self.events: list[str] = []
        self.printed = b""
        self._then = then

    @contextmanager
    def launching(self, dependency: Dependency) -> Iterator[LaunchView]:
        """Note the dependency."""
        self.events.append(f"launch {dependency.name}")
        yield View()

    def ended(self, outcome: Outcome) -> None:
        """Note the run if it has ended."""
        if outcome.run.state.ended:
            self.events.append(f"run {outcome.run.number} {outcome.run.state}")

    @contextmanager
    def waiting(self, runs: Sequence[Run]) -> Iterator[Seen]:
        """Note the runs."""
        self.events.append(f"wait for {[run.number for run in runs]}")
        yield self._then

    def acting(self, dependency: Dependency, plan: ActionPlan) -> None:
        """Note the action and the directory."""
        self.events.append(f"{plan.action.name} in {plan.folder.name}")

    def copied(self, dependency: Dependency, folder: str, count: int) -> None:
        """Note the folder and the number of files."""
        self.events.append(f"{count} in {folder}")

    def doubted(self, doubts: Doubts) -> None:
        """Note what is wrong with references."""
        self.events += doubts.problems

    def building(self, command: Sequence[str]) -> None:
        """Note the command."""
        self.events.append(" ".join(command))

    def built(self, output: bytes) -> None:
        """Keep what is printed."""
        self.printed += output


class Paper:
    """A document `paper` in the folder `paper` of a world, with one dependency on the experiment `train`."""

    def __init__(self, world: World, **parts: Any) -> None:
        self.world = world
        self._today()
        world.experiment(PROGRAM)
        self.define({"experiment": "train", "parameters": PARAMETERS, "files": ["out.txt"], **parts})

    def _today(self) -> None:
        """Let the clock go like that of the processes: a record with ends in the future is invalid."""
        behind_s = (datetime.now(UTC) - times.parse(self.world.clock.now())).total_seconds()
        self.world.clock.move(max(0.0, behind_s) + 1)

    def define(self, *dependencies: dict[str, Any], **keys: Any) -> None:
        """Write the definition, and commit it."""
        self.world.write("paper/paper.md", "text\n")
        content = {"schema": "document/2", "name": "paper", "path": "paper", "compile": ["cat", "paper.md"]}
        text = yaml.safe_dump(content | {"dependencies": list(dependencies)} | keys, sort_keys=False)
        self.world.commit(**{".qanat/documents/paper.yaml": text})

    def compile(self, seeing: Seeing | None = None, *ignored: str, **how: Any) -> list[str]:
        """Compile the document; return what was seen."""
        assert set(ignored) <= set(IGNORABLE)
        seeing, project = seeing or Seeing(), self.world.project
        chosen = How(Starting(ignored=ignored), **how)
        document = project.document("paper")
        self._today()
        compile_document(project, document, chosen, runners=self.world, ask=self.world.ask, view=seeing)
        return seeing.events

    def statuses(self, *ignored: str) -> list[DependencyStatus]:
        """Return the status of each dependency."""
        self._today()
        project = self.world.project
        return looked_at(project, self.world, project.document("paper"), How(Starting(ignored=ignored)))

    def status(self, *ignored: str) -> tuple[str, list[str]]:
        """Return the state of the only dependency, and why."""
        (one,) = self.statuses(*ignored)
        return one.state, list(one.reasons)

    def exported(self, path: str = "train/group_0/out.txt") -> str:
        """Read an exported file."""
        return (self.world.root / "paper/exports" / path).read_text()

    def note(self, name: str = "train") -> Any:
        """Read the note on exported files, with another YAML reader than qanat's."""
        return yaml.safe_load((self.world.root / "paper/exports" / name / "qanat.yaml").read_text())
