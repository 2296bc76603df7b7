"""Runners of other packages: how they are found, what happens if one is broken, and what qanat requires of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.runners.registry import BUILT_IN
from qanat.testing.commands import forget_jobs
from tests.support.forks import FORKS
from tests.support.gates import Gates
from tests.support.sandbox import Result, Sandbox, wait_until

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

# As they were written when a runner had to have everything: nothing is inherited, and two names are earlier ones.
FULL = """\
import pathlib
from forgetful import Forgetful, JobStatus, Sightings, job_script

class Full:
    name, title = "full", "the full scheduler"
    own_files = job_script.OWN_FILES | {"note.txt"}
    def __init__(self): self._other = Forgetful()
    def key_problems(self, options): return [f"{key}: is not known" for key in options if key != "mem"]
    def problems(self, options): return self.key_problems(options)
    def warnings(self, options): return ["mem is all there is"]
    def may_run_again(self, options): return False
    def changed(self, options, changes): return {**options, **changes}
    def get_ready(self): pathlib.Path("../prefetched").touch()
    def check(self): pass
    def render(self, batch): return self._other.render(batch)
    def submit(self, batch):
        (batch.folder / "note.txt").write_text(batch.intent)
        return self._other.submit(batch)
    def find(self, intent, jobs, since): return None
    def poll(self, handles): return self._other.poll(handles)
    def cancel(self, handles): pass
    def hold(self, handles): pass
    def release(self, handles): pass
    def scheduler_log(self, folder, handles): return "a note"
"""
# As little as a runner can have: its jobs wait for a gate, outside of the project.
SMALL = """\
import subprocess
from qanat.runners.api import JobStatus, Sightings, State, Submission, job_script

class Small:
    name, title = "small", "the small scheduler"
    def check(self): pass
    def render(self, batch): return job_script.preview(batch)
    def submit(self, batch):
        job_script.write_scripts(batch)
        for job in batch.jobs:
            streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.Popen(job_script.start_command(batch, job), cwd="/", start_new_session=True, **streams)
        return Submission({job.group: f"job-{job.group}" for job in batch.jobs}, {})
    def find(self, intent, jobs, since): return None
    def poll(self, handles): return Sightings({handle: JobStatus(State.RUNNING) for handle in handles})
    def cancel(self, handles): pass

class Holding(Small):
    name = "holding"
    def poll(self, handles):
        return Sightings({h: JobStatus(State.QUEUED if h.group else State.RUNNING) for h in handles})
    def hold(self, handles): assert [h.group for h in handles] == [1]
    def release(self, handles): pass
"""


class Packages:
    """Packages with a runner, as installed by pip, that only the commands of one test see."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._sandbox = sandbox
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for module, text in (("forgetful", FORGETFUL), ("full", FULL), ("small", SMALL)):
            (folder / f"{module}.py").write_text(text)

    def install(self, package: str, runner: str, where: str) -> Path:
        """Install a package whose runner of this name is `module:attribute`; return the folder that describes it."""
        info = self._folder / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[qanat.runners]\n{runner} = {where}\n")
        return info

    def qanat(self, *words: str, code: int = 0) -> Result:
        """Run qanat where the packages are installed."""
        return self._sandbox.qanat(*words, code=code, env={"PYTHONPATH": path_with(self._folder)})


def path_with(folder: Path) -> str:
    """Return where Python finds what is installed in a folder."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder in which one test after the other installs packages."""
    folder = tmp_path_factory.mktemp("site packages")
    with FORKS.also(PYTHONPATH=path_with(folder)):
        yield folder


@pytest.fixture
def packages(site: Path, sandbox: Sandbox) -> Packages:
    sandbox.experiment("end", 'echo "$1"; exit "$1"\n')
    return Packages(site, sandbox)


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
    assert f"known: {', '.join([*BUILT_IN, 'forgetful'])}" in refused.err
    assert len(sandbox.record_files()) == 1


def test_its_templates_are_files_of_a_folder_with_its_name(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-forgetful", "forgetful", "forgetful:Forgetful")
    packages.qanat("template", "new", "--name", "big", "--runner", "forgetful", "-o", "mem=4G", "--commit")
    run = ("run", "--runner", "forgetful", "end", "-g", "0", "-g", "1", "--submit_template", "big", "--wait")
    said = packages.qanat(*run, code=1).err
    assert "Run 1 of end: 2 groups, forgetful, results/end/run_1\n" in said
    assert "Submitted as jobs job-0 and job-1\n" in said
    said = packages.qanat("retry", "1", "--set", "mem=2x", "--wait", code=1).err
    assert "Run 1 of end: retrying 1 of 2 groups, forgetful, results/end/run_1\n" in said
    assert "Submitted as job job-1\n" in said
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
    assert "-m pip install qanat-other --upgrade" in refused.err
    assert sandbox.record_files() == []
    template = "schema: template/1\nname: big\nrunner: other\noptions: {mem: 4G}\n"
    sandbox.write(".qanat/templates/other/big.yaml", template)
    assert "no problems found" in packages.qanat("validate").out


def test_two_packages_with_a_runner_of_the_same_name_are_both_named(packages: Packages, sandbox: Sandbox) -> None:
    for package in ("qanat-one", "qanat-two"):
        packages.install(package, "forgetful", "forgetful:Forgetful")
    refused = packages.qanat("run", "--runner", "forgetful", "end", "0", code=3)
    assert "qanat-one and qanat-two both have a runner 'forgetful'" in refused.err
    assert " -m pip uninstall qanat-" in refused.err
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
    packages.qanat("run", "end", "0")
    (info / "entry_points.txt").unlink()
    said = packages.qanat("status")
    assert "runner 'forgetful' does not exist; run 1 shown as submitted" in said.err
    assert "runner 'forgetful' does not exist; run 1 shown as submitted" in packages.qanat("logs", "1").err
    assert "forgetful" not in packages.qanat("logs", "2").err
    assert "\nqanat: runner 'forgetful' does not exist" in packages.qanat("cancel", "1", code=2).err
    packages.install("qanat-forgetful-again", "forgetful", "forgetful:Forgetful")
    assert packages.qanat("show", "1", "--json").json["state"] == "finished"


def test_a_runner_that_was_written_for_an_earlier_qanat_still_works(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-full", "full", "full:Full")
    packages.qanat("template", "new", "--name", "big", "--runner", "full", "-o", "mem=4G", "--commit")
    packages.qanat("run", "--runner", "full", "end", "3", "--submit-template", "big", "--wait", code=1)
    assert sandbox.record()["groups"][0]["exit_code"] == 3
    assert (sandbox.root.parent / "prefetched").exists()
    checked = packages.qanat("template", "show", "big", "--check")
    assert checked.err == "big: note: mem is all there is\nbig: no problems found\n"
    packages.qanat("retry", "1", "--set", "mem=8G", "--wait", code=1)
    assert sandbox.record()["runner"]["options"] == {"mem": "8G"}
    refused = packages.qanat("retry", "1", "--set", "cpus=2", code=2)
    assert refused.err == "qanat: --set cpus: is not known\n  hint: name an option as in a template; the run has mem\n"
    # Its own files differ from one run to the next, and only those.
    assert "identical: " in packages.qanat("rerun", "1", "--check").err


def test_hold_says_how_many_groups_continue(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-small", "holding", "small:Holding")
    gates = Gates(sandbox)
    group = ("-g", f"{gates.path()} 0")
    packages.qanat("run", "--runner", "holding", gates.experiment, *group, *group)
    assert packages.qanat("hold", "1").out == "Run 1 of wait is being held; 1 running group continues\n"
    gates.open()
    wait_until(lambda: packages.qanat("show", "1", "--json").json["state"] == "finished")


def test_what_a_small_runner_does_not_offer_is_said_in_one_sentence(packages: Packages, sandbox: Sandbox) -> None:
    packages.install("qanat-small", "small", "small:Small")
    gates = Gates(sandbox)
    packages.qanat("template", "new", "--name", "big", "--runner", "small", "-o", "mem=4G", "--commit")
    run = ("run", "--runner", "small", "--submit-template", "big", gates.experiment, str(gates.path()), "3")
    assert packages.qanat(*run).code == 0
    for words, sentence in (
        (("hold", "1"), "runner small cannot hold jobs\n  hint: cancel the run, and retry it later"),
        (("release", "1"), "runner small cannot hold jobs\n  hint: cancel the run, and retry it later"),
        (
            ("template", "show", "big", "--check"),
            "runner small cannot check templates\n  hint: see what would be submitted: qanat run NAME --dry-run",
        ),
    ):
        assert packages.qanat(*words, code=2).err == f"qanat: {sentence}\n"
    gates.open()
    wait_until(lambda: packages.qanat("show", "1", "--json").json["state"] == "failed")
    refused = packages.qanat("retry", "1", "--set", "mem=2x", code=2)
    assert refused.err == "qanat: runner small cannot change options of a run\n  hint: leave out --set\n"
    packages.qanat("retry", "1", "--wait", code=1)
    assert [group["attempt"] for group in sandbox.record()["groups"]] == [2]
    assert packages.qanat("rerun", "1", "--check", code=1).code == 1
    assert sandbox.status() == ""
