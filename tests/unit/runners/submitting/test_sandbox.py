"""The script of a job that has no folder but its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from qanat.domain.job import JobBatch, JobSpec
from qanat.domain.shipment import SANDBOX, Shipment
from qanat.runners.submitting import job_script
from qanat.system import archives
from qanat.testing import NASTY
from tests.unit.runners.submitting.place import Place

TREE = "1f2e.tar.gz"


class Sandbox:
    """A folder as a scheduler makes one for a job, with what was shipped to it."""

    def __init__(self, place: Place, tmp_path: Path, *command: str, code: bool = True) -> None:
        self.place, self.folder = place, tmp_path / "sand box; it's"
        self.folder.mkdir()
        self.job = JobSpec(3, command, place.workdir, place.storage(3), attempt=2)
        shipment = Shipment(self.folder / TREE)
        self.batch = JobBatch("4-7f3a9c", "x_4", place.intent, place.folder, {}, (self.job,), shipment=shipment)
        for path in (job_script.write_scripts(self.batch), place.folder / "commands/0.sh"):
            shutil.copy(path, self.folder)
        (place.workdir / "lib").mkdir()
        (place.workdir / "lib/tool.txt").write_text("a tool\n")
        (place.workdir / "inputs").symlink_to(tmp_path)
        if code:
            archives.write(self.folder / TREE, place.workdir, ["lib/tool.txt"])
        (tmp_path / "noted.txt").write_text("noted\n")
        archives.write(self.folder / "inputs.tar.gz", place.workdir, ["inputs/noted.txt"], follow=True)

    def run(self, **environment: str) -> int:
        script = self.folder / "job.sh"
        script.write_text(script.read_text().replace("/bin/sh", self.place.shell_path))
        _, *words = job_script.start_command(self.batch, self.job)
        env = {"PATH": "/usr/bin:/bin", **environment}
        return subprocess.run([self.place.shell_path, *words], cwd=self.folder, env=env, check=False).returncode

    def read(self, name: str) -> str:
        return (self.folder / "out" / name).read_text()


def test_a_program_works_in_the_code_and_leaves_its_results_beside_it(in_any_shell: Place, tmp_path: Path) -> None:
    program = 'cat lib/tool.txt inputs/noted.txt; pwd; echo "$QANAT_STORAGE_PATH"; shift; printf "%s\\0" "$@"; exit 4'
    sandbox = Sandbox(in_any_shell, tmp_path, "/bin/sh", "-c", program, "sh", "", f"{SANDBOX}/out", *NASTY)
    assert sandbox.run() == 4
    lines = sandbox.read("stdout.txt").split("\n", 4)
    assert lines[:4] == ["a tool", "noted", f"{sandbox.folder}/code", f"{sandbox.folder}/out"]
    assert lines[4].split("\0") == [f"{sandbox.folder}/out", *NASTY, ""]
    left = json.loads(sandbox.read("completion.json"))
    assert (left["attempt"], left["status"]) == (2, 4)
    assert not list((sandbox.folder / "out").glob(".*"))


def test_earlier_starts_are_those_that_the_scheduler_counts(in_any_shell: Place, tmp_path: Path) -> None:
    (tmp_path / "ad").write_text('MyType = "Job"\nNumJobStarts = 3\n')
    sandbox = Sandbox(in_any_shell, tmp_path, "true")
    assert sandbox.run(_CONDOR_JOB_AD=str(tmp_path / "ad")) == 0
    assert json.loads(sandbox.read("completion.json"))["attempt"] == 5


def test_code_that_cannot_be_unpacked_is_a_failure_that_says_why(in_any_shell: Place, tmp_path: Path) -> None:
    sandbox = Sandbox(in_any_shell, tmp_path, "true", code=False)
    (sandbox.folder / TREE).write_bytes(b"no archive")
    assert sandbox.run() == 126
    assert json.loads(sandbox.read("completion.json"))["by"] == "directory"
    assert "tar" in sandbox.read("stderr.txt")


@pytest.mark.parametrize("name", ["to a folder", "to nothing", "pipe"])
def test_what_cannot_be_transferred_is_removed_and_named(in_any_shell: Place, tmp_path: Path, name: str) -> None:
    make = {"to a folder": "ln -s .", "to nothing": "ln -s gone", "pipe": "mkfifo"}[name]
    sandbox = Sandbox(in_any_shell, tmp_path, "/bin/sh", "-c", f'cd "$0" && {make} "{name}"', f"{SANDBOX}/out")
    assert sandbox.run() == 0
    assert sandbox.read("stderr.txt") == (
        f"qanat: {name} is not in the results: only files and folders can be transferred\n"
    )
    assert name not in [path.name for path in (sandbox.folder / "out").iterdir()]
