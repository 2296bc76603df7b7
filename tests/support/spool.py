"""A scheduler of files: jobs are handed over by one rename, and a process of its own starts and ends them.

So qanat can be killed while it submits, and its jobs go on, as with a real scheduler. Jobs that have ended are not
listed, as with a Slurm without accounting.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from qanat.runners.api import (
    JobBatch,
    JobHandle,
    JobStatus,
    RunnerDefaults,
    Sightings,
    State,
    Submission,
    cancellations,
    job_script,
)

ROOT = Path(__file__).parents[2]
FOLDER = "QANAT_SPOOL"
BATCH, CANCELLED, RUNNING, ENDED = "batch.json", "cancelled", "running", "ended"
TICK_S = 0.01


class SpoolRunner(RunnerDefaults):
    """The client of the scheduler, in the process of qanat."""

    name, title = "spool", "the spool"

    def __init__(self) -> None:
        self._folder = Path(os.environ[FOLDER])

    def check(self) -> None:
        """Accept every machine."""

    def render(self, batch: JobBatch) -> str:
        """Return the script."""
        return job_script.preview(batch)

    def submit(self, batch: JobBatch) -> Submission:
        """Hand over jobs, all or none."""
        job_script.write_scripts(batch)
        content = {
            "intent": batch.intent,
            "jobs": {job.group: job_script.start_command(batch, job) for job in batch.jobs},
        }
        made = Path(tempfile.mkdtemp(dir=self._folder / "new"))
        (made / BATCH).write_text(json.dumps(content))
        made.rename(self._folder / "batches" / made.name)
        return Submission({job.group: f"{made.name}.{job.group}" for job in batch.jobs}, {"batch": made.name})

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the batch of an intent."""
        for folder, batch in batches(self._folder):
            if batch["intent"] == intent and set(map(int, batch["jobs"])) & set(jobs):
                return Submission({group: f"{folder.name}.{group}" for group in jobs}, {"batch": folder.name})
        return None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Return which jobs wait and which run."""
        seen = {handle: JobStatus(self._state(handle)) for handle in handles}
        return Sightings(seen | cancellations.weigh(seen, None))

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Note the jobs to end, for the scheduler."""
        cancellations.note(handles)
        for handle in handles:
            batch, _, group = (handle.job or "").partition(".")
            with suppress(FileNotFoundError):
                (self._folder / "batches" / batch / f"{group}.{CANCELLED}").touch()

    def _state(self, handle: JobHandle) -> State | None:
        batch, _, group = (handle.job or "").partition(".")
        place = self._folder / "batches" / batch
        if not group or not (place / BATCH).exists() or (place / f"{group}.{ENDED}").exists():
            return None
        return State.RUNNING if (place / f"{group}.{RUNNING}").exists() else State.QUEUED


def batches(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """List what has been handed over: the folder and the content of each batch."""
    for place in sorted((folder / "batches").iterdir()):
        yield place, json.loads((place / BATCH).read_text())


@contextmanager
def spool_at(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run a scheduler in a new folder; yield the variables with which qanat knows it."""
    for name in ("new", "batches", "packages/spool-1.0.dist-info"):
        (folder / name).mkdir(parents=True)
    about = folder / "packages/spool-1.0.dist-info"
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: spool\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[qanat.runners]\nspool = tests.support.spool:SpoolRunner\n")
    places = (str(folder / "packages"), str(ROOT), os.environ.get("PYTHONPATH", ""))
    known = {FOLDER: str(folder), "PYTHONPATH": os.pathsep.join(filter(None, places))}
    daemon = subprocess.Popen([sys.executable, "-m", __name__, str(folder)], env={**os.environ, **known}, cwd="/")
    try:
        yield known
    finally:
        daemon.terminate()
        daemon.wait()


class _Daemon:
    """Starts, ends and forgets jobs until it is ended itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[Path] = set()
        self._running: dict[Path, subprocess.Popen[bytes]] = {}

    def serve(self) -> None:
        """Look at the folder again and again."""
        while True:
            for place, batch in batches(self._folder):
                for group, command in batch["jobs"].items():
                    if (job := place / group) not in self._known:
                        self._known.add(job)
                        self._start(job, command)
            self._look_at_running()
            time.sleep(TICK_S)

    def _start(self, job: Path, command: Sequence[str]) -> None:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._running[job] = subprocess.Popen(command, cwd="/", start_new_session=True, **streams)
        job.with_name(f"{job.name}.{RUNNING}").touch()

    def _look_at_running(self) -> None:
        for job, process in list(self._running.items()):
            if process.poll() is not None:
                job.with_name(f"{job.name}.{ENDED}").touch()
                del self._running[job]
            elif job.with_name(f"{job.name}.{CANCELLED}").exists():
                os.killpg(process.pid, signal.SIGTERM)


if __name__ == "__main__":
    _Daemon(Path(sys.argv[1])).serve()
