"""What the programs of a run print on machines that do not see the project, copied here while they run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from qanat.domain.run import Group, State
from qanat.runners.protocol import FollowsOutput, Runner
from qanat.system import programs
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found
from qanat.usecases.tracking.submission import jobs_of

# Each is a process, and a connection to the machine of the job.
FOLLOWED_MAX = 20
_LATER = "comes back when it has ended"


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file with the output of an attempt, and the process that writes it."""

    path: Path
    attempt: int
    process: subprocess.Popen[bytes]


class OutputElsewhere:
    """Copies of the output of running groups, which grow until the `with` block ends.

    `problems` has the notes on output that cannot be followed, since they were last taken.
    """

    def __init__(self, project: Project, runner: Runner) -> None:
        self._project, self._runner = project, runner
        self._folder = tempfile.TemporaryDirectory(prefix="qanat-output-")
        self._copies: dict[tuple[int, str], _Copy] = {}
        self._told: set[str] = set()
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for copy in self._copies.values():
            copy.process.kill()
            copy.process.wait()
        self._folder.cleanup()

    def file(self, group: int, stream: str) -> Path | None:
        """Return the file with what a group has printed to a stream so far; None if it is not followed."""
        copy = self._copies.get((group, stream))
        return copy.path if copy else None

    def follow(self, found: Found, groups: Iterable[int], streams: Sequence[str]) -> None:
        """Follow those of these groups that run by now."""
        running = [found.run.groups[n] for n in groups if found.run.groups[n].state is State.RUNNING]
        most = FOLLOWED_MAX // len(streams)
        if len(running) > most:
            self._tell(f"only {most} running groups are followed at once")
        for group in running[:most]:
            for stream in streams:
                self._follow(found, group, stream)

    def _follow(self, found: Found, group: Group, stream: str) -> None:
        """Start to copy the output of an attempt, unless it is copied already."""
        copy = self._copies.get((group.number, stream))
        if copy and copy.attempt == group.attempt:
            if copy.process.poll():
                why = " ".join(copy.path.with_suffix(".err").read_text(errors="replace").split())
                self._tell(f"{stream} of group {group.number} cannot be followed, and {_LATER}: {why}")
            return
        (job,) = jobs_of(self._project, found.run, [group.number])
        command = self._runner.output_command(job.handle, stream) if isinstance(self._runner, FollowsOutput) else None
        if not command:
            self._tell(f"{self._runner.title} cannot show here what a running group prints; that {_LATER}")
            return
        path = Path(self._folder.name, f"{group.number}-{group.attempt}-{stream}")
        with path.open("wb") as out, path.with_suffix(".err").open("wb") as errors:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=programs.clean_environment()
            )
        self._copies[group.number, stream] = _Copy(path, group.attempt, process)

    def _tell(self, problem: str) -> None:
        if problem not in self._told:
            self._told.add(problem)
            self.problems.append(problem)
