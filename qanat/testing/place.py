"""Submitting jobs without a project: a storage directory, a working directory, and what the jobs left there."""

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
class SubmittedJobs:
    """Jobs that a runner has accepted, by group, and when their submission began."""

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
    """A working directory for jobs and the storage directory of one run."""

    def __init__(self, folder: Path, options: Mapping[str, Any], patience_s: float) -> None:
        self.workdir = folder / "work"
        self.folder = folder / "results"
        self.options = options
        self.patience_s = patience_s
        for path in (self.workdir, self.folder):
            path.mkdir(parents=True)

    # ---- jobs

    def job(self, *command: str, group: int = 0, **details: Any) -> JobSpec:
        """Return a job with this command. It creates its own storage directory, as the jobs of a run do."""
        return JobSpec(group, command, self.workdir, self.storage(group), **details)

    def shell(self, script: str, *, group: int = 0, **details: Any) -> JobSpec:
        """Return a job that runs a shell script."""
        return self.job("/bin/sh", "-c", script, group=group, **details)

    def gated(self, *, group: int = 0) -> JobSpec:
        """Return a job that prints `begun` and then waits for open_gate()."""
        return self.shell("echo begun; while [ ! -e gate ]; do sleep 0.05; done", group=group)

    def open_gate(self) -> None:
        """Let the jobs of gated() end."""
        (self.workdir / "gate").touch()

    def batch(
        self,
        *jobs: JobSpec,
        options: Mapping[str, Any] | None = None,
        max_running: int | None = None,
        held: bool = False,
    ) -> JobBatch:
        """Return a batch of jobs with an intent of its own."""
        return JobBatch(
            run_id="1-c0ffee",
            name="contract_1",
            intent=secrets.token_hex(8),
            folder=self.folder,
            options=self.options if options is None else options,
            jobs=jobs,
            max_running=max_running,
            held=held,
        )

    def submit(self, runner: Runner, *jobs: JobSpec, **details: Any) -> SubmittedJobs:
        """Submit jobs and return handles made, like those from a record, of values that JSON can hold."""
        batch, since = self.batch(*jobs, **details), times.now()
        answer = runner.submit(batch)
        assert sorted(answer.jobs) == sorted(job.group for job in jobs), "each group is a job"
        kept = json.loads(json.dumps(dict(answer.details)))
        found = {"intent": batch.intent, "submitted": since, **kept, "folder": str(self.folder)}
        return SubmittedJobs(
            batch, {g: JobHandle(batch.intent, g, name, found) for g, name in answer.jobs.items()}, since
        )

    # ---- what they leave

    def storage(self, group: int = 0) -> Path:
        """Return a group's storage directory."""
        return self.folder / f"group_{group}"

    def stdout(self, group: int = 0) -> str:
        """Return what a job has written to stdout so far."""
        file = self.storage(group) / "stdout.txt"
        return file.read_text() if file.exists() else ""

    def wait_until_started(self, *groups: int) -> None:
        """Wait until jobs of gated() have started."""
        wait_until(lambda: all(self.stdout(group) == "begun\n" for group in groups or (0,)), self.patience_s)

    def wait_until_ended(self, group: int = 0) -> Completion:
        """Wait until a job has written its completion file, and return its content."""
        found: Completion = wait_until(lambda: storage.read_completion(self.storage(group)), self.patience_s)
        return found

    def files(self) -> list[str]:
        """List the names in the working directory."""
        return sorted(path.name for path in self.workdir.iterdir())

    # ---- what the runner reports

    def wait_for_states(self, runner: Runner, handles: Sequence[JobHandle], *states: object) -> list[JobStatus]:
        """Wait until each of these jobs is in one of these states, None being an unseen job; return their statuses."""

        def seen() -> list[JobStatus] | None:
            sightings = runner.poll(handles)
            assert not sightings.problem
            found = [sightings.statuses[handle] for handle in handles]
            return found if all(status.state in states for status in found) else None

        statuses: list[JobStatus] = wait_until(seen, self.patience_s)
        return statuses
