"""Jobs to submit without a project: a run's storage directory, a folder to work in, and what jobs left there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain import times
from qanat.domain.completion import Completion
from qanat.records import storage
from qanat.runners.api import JobBatch, JobHandle, JobSpec, JobStatus, Runner
from qanat.testing.sandbox import wait_until


@dataclass(frozen=True)
class Submitted:
    """Jobs that a runner has taken, by their groups, and when that was begun."""

    batch: JobBatch
    handles: Mapping[int, JobHandle]
    since: str

    def __getitem__(self, group: int) -> JobHandle:
        return self.handles[group]

    @property
    def all(self) -> list[JobHandle]:
        """The handles of all jobs."""
        return list(self.handles.values())


class Place:
    """A folder to work in, and the storage directory of one run."""

    def __init__(self, folder: Path, options: Mapping[str, Any], patience_s: float) -> None:
        self.workdir = folder / "work"
        self.folder = folder / "results"
        self.options = options
        self.patience_s = patience_s
        for path in (self.workdir, self.folder):
            path.mkdir(parents=True)

    # ---- jobs

    def job(self, *command: str, group: int = 0, **details: Any) -> JobSpec:
        """Give a job of these words, which makes its own directory, as those of a run do."""
        return JobSpec(group, command, self.workdir, self.storage(group), **details)

    def shell(self, script: str, *, group: int = 0, **details: Any) -> JobSpec:
        """Give a job that runs a shell script."""
        return self.job("/bin/sh", "-c", script, group=group, **details)

    def gated(self, *, group: int = 0) -> JobSpec:
        """Give a job that says that it has begun, and goes on until open_gate()."""
        return self.shell("echo begun; while [ ! -e gate ]; do sleep 0.05; done", group=group)

    def open_gate(self) -> None:
        """Let the jobs of gated() come to their ends."""
        (self.workdir / "gate").touch()

    def batch(
        self, *jobs: JobSpec, options: Mapping[str, Any] | None = None, max_running: int | None = None
    ) -> JobBatch:
        """Give jobs as they are submitted together, with an intent of their own."""
        return JobBatch(
            run_id="1-c0ffee",
            name="contract_1",
            intent=secrets.token_hex(8),
            folder=self.folder,
            options=self.options if options is None else options,
            jobs=jobs,
            max_running=max_running,
        )

    def submit(self, runner: Runner, *jobs: JobSpec, **details: Any) -> Submitted:
        """Submit jobs; give what a record keeps of them: what JSON can hold."""
        batch, since = self.batch(*jobs, **details), times.now()
        answer = runner.submit(batch)
        assert sorted(answer.jobs) == sorted(job.group for job in jobs), "each group is a job"
        kept = json.loads(json.dumps(dict(answer.details)))
        found = {"intent": batch.intent, "submitted": since, **kept, "folder": str(self.folder)}
        return Submitted(batch, {g: JobHandle(batch.intent, g, name, found) for g, name in answer.jobs.items()}, since)

    # ---- what they leave

    def storage(self, group: int = 0) -> Path:
        """Give the directory of a group."""
        return self.folder / f"group_{group}"

    def stdout(self, group: int = 0) -> str:
        """Give what a job has written to stdout by now."""
        file = self.storage(group) / "stdout.txt"
        return file.read_text() if file.exists() else ""

    def begun(self, *groups: int) -> None:
        """Wait until jobs of gated() have begun."""
        wait_until(lambda: all(self.stdout(group) == "begun\n" for group in groups or (0,)), self.patience_s)

    def ended(self, group: int = 0) -> Completion:
        """Wait until a job has left its completion file, and read it."""
        found: Completion = wait_until(lambda: storage.read_completion(self.storage(group)), self.patience_s)
        return found

    def names(self) -> list[str]:
        """List what there is in the folder to work in."""
        return sorted(path.name for path in self.workdir.iterdir())

    # ---- what the runner sees

    def comes_to(self, runner: Runner, handles: Sequence[JobHandle], *states: object) -> list[JobStatus]:
        """Wait until each of these jobs is in one of these states; None stands for a job that is unseen."""

        def seen() -> list[JobStatus] | None:
            sightings = runner.poll(handles)
            assert not sightings.problem
            found = [sightings.statuses[handle] for handle in handles]
            return found if all(status.state in states for status in found) else None

        statuses: list[JobStatus] = wait_until(seen, self.patience_s)
        return statuses
