"""A place for the scripts of jobs, run by real shells."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from qanat.domain.job import JobBatch, JobSpec
from qanat.runners.submitting import job_script


class Place:
    """A run's storage directory and a working directory, both with names that are hard on scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / 'storage "$(x)" \\ it\'s\nhere'
        self.workdir = folder / "work; `y` & *"
        self.folder.mkdir()
        self.workdir.mkdir()
        self.shell_path = "/bin/sh"
        self.environment: dict[str, str] = {}
        self.stopping = job_script.STOPPING
        self.at_once = 1
        # Programs are known by it, and so differ from those of a test that runs at the same time.
        self.intent = secrets.token_hex(8)

    def job(self, *command: str, group: int = 0, **options: Any) -> JobSpec:
        return JobSpec(group, command, self.workdir, self.storage(group), **options)

    def shell(self, script: str, **options: Any) -> JobSpec:
        return self.job("/bin/sh", "-c", script, **options)

    def storage(self, group: int = 0) -> Path:
        return self.folder / f"group_{group}"

    def batch(self, *jobs: JobSpec) -> JobBatch:
        return JobBatch("4-7f3a9c", "x_4", self.intent, self.folder, {}, jobs, at_once=self.at_once)

    def write(self, *jobs: JobSpec) -> Path:
        path = job_script.write_scripts(self.batch(*jobs), self.stopping)
        text = path.read_text().replace("q_look_s=5 q_kill_s=10\n", "q_look_s=1 q_kill_s=1\n")
        # busybox compares the times of files by their seconds only.
        if Path(self.shell_path).resolve().name != "busybox":
            text = text.replace("q_settle_s=1\n", "q_settle_s=0.2\n")
        path.write_text(text.replace("/bin/sh", self.shell_path))
        return path

    def start(self, job: JobSpec) -> subprocess.Popen[bytes]:
        """Start a job as a scheduler does: with a minimal environment, in another folder and a session of its own."""
        _, *words = job_script.start_command(self.batch(job), job)
        return subprocess.Popen(
            [self.shell_path, *words],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", **self.environment},
            start_new_session=True,
        )

    def run(self, job: JobSpec) -> int:
        return self.start(job).wait(60)

    def left(self, name: str = "completion.json", group: int = 0) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.storage(group) / name).read_text())
        return content

    def stdout(self, group: int = 0) -> str:
        return (self.storage(group) / "stdout.txt").read_text()

    # ---- jobs of several groups

    def bundle(self, *groups: JobSpec, number: int = 0) -> JobSpec:
        """Return a job that works through groups."""
        return replace(groups[0], group=number, bundled=groups)
