"""Runners of other packages: how they are found, what happens if one is broken, and what qanat requires of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qanat.testing.commands import forget_jobs
from tests.support.sandbox import Result, Sandbox

# It runs jobs at once, and remembers nothing: all that qanat knows comes from what the jobs' own scripts leave.
FORGETFUL = """\
import subprocess
from qanat.runners.api import JobStatus, RunnerDefaults, Sightings, Submission, job_script

class Forgetful(RunnerDefaults):
    name = "forgetful"
    title = "the forgetful scheduler"
    def check(self): pass
    def render(self, batch): return job_script.preview(batch)
    def submit(self, batch):
        job_script.write_scripts(batch)
        for job in batch.jobs:
            subprocess.run(job_script.start_command(batch, job), cwd="/")
        return Submission({job.group: f"job-{job.group}" for job in batch.jobs}, {})
    def find(self, intent, jobs, since): return None
    def poll(self, handles): return Sightings({handle: JobStatus(None) for handle in handles})
    def cancel(self, handles): pass
    hold = release = cancel
    def scheduler_log(self, folder, handles): return ""

def broken():
    raise OSError("no licence\\nfor this host")
"""


class Packages:
    """Packages with a runner, as installed by pip, that only the commands of one test see."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._sandbox = sandbox
        folder.mkdir()
        (folder / "forgetful.py").write_text(FORGETFUL)

    def install(self, package: str, runner: str, where: str) -> Path:
        """Install a package whose runner of this name is `module:attribute`; return the folder that describes it."""
        info = self._folder / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[qanat.runners]\n{runner} = {where}\n")
        return info

    def qanat(self, *words: str, code: int = 0) -> Result:
        """Run qanat where the packages are installed."""
        path = os.pathsep.join(filter(None, (str(self._folder), os.environ.get("PYTHONPATH"))))
        return self._sandbox.qanat(*words, code=code, env={"PYTHONPATH": path})


@pytest.fixture
def packages(tmp_path: Path, sandbox: Sandbox) -> Packages:
    sandbox.experiment("end", 'echo "$1"; exit "$1"\n')
    return Packages(tmp_path / "site packages", sandbox)


def test_a_runner_that_is_installed_is_there_and_one_that_is_not_is_named_with_those_that_are(
    packages: Packages, sandbox: Sandbox
) -> None:
    packages.install("qanat-forgetful", "forgetful", "forgetful:Forgetful")
    packages.qanat("run", "--runner", "forgetful", "end", "-g", "0", "-g", "3", "--wait", code=1)
    record = sandbox.record()
    assert [(g["state"], g["exit_code"], g["job"]) for g in record["groups"]] == [
        ("finished", 0, "job-0"),
        ("failed", 3, "job-1"),
    ]
    assert record["runner"] == {"name": "forgetful", "template": "default", "options": {}}
    assert sandbox.status() == ""

    refused = packages.qanat("run", "--runner", "forgetfull", "end", "0", code=2)
    assert "runner 'forgetfull' does not exist" in refused.err
    assert "known: local, htcondor, slurm, forgetful" in refused.err
    assert len(sandbox.record_files()) == 1


def test_its_templates_are_files_of_a_folder_with_its_name(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-forgetful", "forgetful", "forgetful:Forgetful")
    packages.qanat("template", "new", "--name", "big", "--runner", "forgetful", "-o", "mem=4G", "--commit")
    packages.qanat("run", "--runner", "forgetful", "end", "1", "--submit_template", "big", "--wait", code=1)
    packages.qanat("retry", "1", "--set", "mem=2x", "--wait", code=1)
    assert sandbox.record()["runner"]["options"] == {"mem": "8G"}
    assert "no problems found" in packages.qanat("template", "show", "big", "--check").err


def test_a_job_that_its_scheduler_has_forgotten_ended_as_its_completion_file_says(
    packages: Packages, sandbox: Sandbox
) -> None:
    packages.install("qanat-forgetful", "forgetful", "forgetful:Forgetful")
    sandbox.write(".qanat/config.yaml", (sandbox.root / ".qanat/config.yaml").read_text() + "grace: {submit_s: 0}\n")
    sandbox.commit()
    packages.qanat("run", "--runner", "forgetful", "end", "-g", "0", "-g", "3")
    forget_jobs(sandbox)
    shutil.rmtree(sandbox.root / "results/end/run_1/group_1")
    shown = packages.qanat("show", "1", "--json").json
    assert [group["state"] for group in shown["groups"]] == ["finished", "cancelled"]
    assert shown["groups"][1]["reason"].startswith("nothing was submitted")


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("nowhere:Runner", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"),
        ("forgetful:Nothing", "cannot be loaded: AttributeError: module 'forgetful' has no attribute 'Nothing'"),
        ("forgetful:broken", "cannot be loaded: OSError: no licence for this host"),
        ("forgetful:Sightings", "cannot be loaded: TypeError: "),
        ("forgetful:RunnerDefaults", "does not fit this qanat: it has no name, title, check, render, "),
    ],
)
def test_a_broken_runner_is_said_in_a_sentence_that_names_its_package(
    packages: Packages, sandbox: Sandbox, where: str, why: str
) -> None:
    packages.install("qanat-other", "other", where)
    refused = packages.qanat("run", "--runner", "other", "end", "0", code=3)
    assert f"qanat: runner 'other' of package qanat-other {why}" in refused.err
    assert "hint: pip install -U qanat-other" in refused.err
    assert sandbox.record_files() == []


def test_two_packages_with_a_runner_of_the_same_name_are_both_named(packages: Packages, sandbox: Sandbox) -> None:
    for package in ("qanat-one", "qanat-two"):
        packages.install(package, "forgetful", "forgetful:Forgetful")
    refused = packages.qanat("run", "--runner", "forgetful", "end", "0", code=3)
    assert "qanat-one and qanat-two both have a runner 'forgetful'" in refused.err
    assert "hint: pip uninstall" in refused.err
    assert sandbox.record_files() == []


def test_a_name_of_qanats_own_means_qanats_own_runner(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-other", "local", "nowhere:Runner")
    packages.qanat("run", "end", "0")
    assert sandbox.record()["groups"][0]["state"] == "finished"


def test_runs_of_a_package_that_is_gone_are_shown_as_they_were_and_told_apart(
    packages: Packages, sandbox: Sandbox
) -> None:
    info = packages.install("qanat-forgetful", "forgetful", "forgetful:Forgetful")
    packages.qanat("run", "--runner", "forgetful", "end", "0")
    (info / "entry_points.txt").unlink()
    said = packages.qanat("status")
    assert "runner 'forgetful' does not exist; run 1 shown as submitted" in said.err
    assert "\nqanat: runner 'forgetful' does not exist" in packages.qanat("cancel", "1", code=2).err
    packages.install("qanat-forgetful-again", "forgetful", "forgetful:Forgetful")
    assert packages.qanat("show", "1", "--json").json["state"] == "finished"
