"""Two commands that change one record at the same time: neither loses what the other has written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from qanat.testing.commands import forget_jobs
from tests.support.crowds import both
from tests.support.forks import FORKS
from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox
from tests.support.written import let_qanat_have_written

pytestmark = pytest.mark.slow


@pytest.fixture
def ran(sandbox: Sandbox) -> Sandbox:
    """Return a project with a run that has ended."""
    sandbox.experiment("hello", "echo hello")
    sandbox.qanat("run", "hello")
    return sandbox


def committed(sandbox: Sandbox, file: Path) -> str:
    return sandbox.git("show", f"HEAD:{file.relative_to(sandbox.root)}") + "\n"


def check_committed(sandbox: Sandbox) -> None:
    """Check that HEAD and the index have the same records and comments as the working tree."""
    assert sandbox.status() == ""
    for file in sorted((sandbox.root / ".qanat/runs").glob("*/*/*")):
        assert committed(sandbox, file) == file.read_text()


def as_if_running(sandbox: Sandbox) -> bytes:
    """Return the record of run 1 as it was before its end, as a killed qanat leaves it."""
    record = sandbox.record()
    record |= {"state": "queued", "started": None, "ended": None}
    record["submission"] |= {"pid": 2**22 + 1, "process_start": "0"}
    record["groups"] = [{"group": g["group"], "args": g["args"], "state": "queued"} for g in record["groups"]]
    return yaml.safe_dump(record, sort_keys=False).encode()


# ---- tags


def test_two_tags_are_both_kept(ran: Sandbox) -> None:
    for turn in range(50):
        ends = both(ran, ("tag", "1", "add", f"a{turn}"), ("tag", "1", "add", f"b{turn}"))
        assert [end.code for end in ends] == [0, 0], ends
        assert {f"a{turn}", f"b{turn}"} <= set(ran.record()["tags"])
    assert len(ran.record()["tags"]) == 100
    check_committed(ran)


def test_a_tag_that_is_added_and_one_that_is_removed_leave_the_others(ran: Sandbox) -> None:
    ran.qanat("tag", "1", "add", *(f"a{turn}" for turn in range(20)))
    for turn in range(20):
        ends = both(ran, ("tag", "1", "remove", f"a{turn}"), ("tag", "1", "add", f"b{turn}"))
        assert [end.code for end in ends] == [0, 0], ends
    assert ran.record()["tags"] == [f"b{turn}" for turn in range(20)]
    check_committed(ran)


def test_a_tag_and_a_comment_are_both_kept_and_committed(ran: Sandbox) -> None:
    comment = ran.record_files()[0].with_suffix(".md")
    for turn in range(20):
        ends = both(ran, ("tag", "1", "add", f"a{turn}"), ("comment", "1", "-m", f"comment {turn}"))
        assert [end.code for end in ends] == [0, 0], ends
        assert comment.read_text() == f"comment {turn}\n"
    assert ran.record()["tags"] == [f"a{turn}" for turn in range(20)]
    check_committed(ran)


# ---- the end of a run


def test_a_tag_beside_a_refresh_that_finds_the_end_of_a_run(ran: Sandbox) -> None:
    running, file = as_if_running(ran), ran.record_files()[0]
    ended = ran.record()["groups"]
    for turn in range(30):
        file.write_bytes(running)
        let_qanat_have_written(file)
        ends = both(ran, ("tag", "1", "add", f"a{turn}"), ("status",))
        assert [end.code for end in ends] == [0, 0], ends
        assert ran.record()["tags"] == [f"a{turn}"]
        assert [g["exit_code"] for g in ran.record()["groups"]] == [g["exit_code"] for g in ended]
        assert ran.record()["state"] == "finished"
        assert committed(ran, file) == file.read_text()
    check_committed(ran)


def test_a_comment_beside_a_refresh_that_finds_the_end_of_a_run(ran: Sandbox) -> None:
    running, file = as_if_running(ran), ran.record_files()[0]
    for turn in range(20):
        file.write_bytes(running)
        let_qanat_have_written(file)
        ends = both(ran, ("comment", "1", "-m", f"comment {turn}"), ("status",))
        assert [end.code for end in ends] == [0, 0], ends
        assert file.with_suffix(".md").read_text() == f"comment {turn}\n"
        assert ran.record()["state"] == "finished"
        check_committed(ran)


def test_a_cancel_beside_a_refresh_is_recorded_as_cancelled(sandbox: Sandbox) -> None:
    """The refresh may see the dead program first, and take it for failed or lost."""
    gates = Gates(sandbox)
    for turn in range(1, 11):
        watcher = gates.start(run=turn)
        watcher.kill()
        watcher.communicate()
        cancelled, status = both(sandbox, ("cancel", str(turn)), ("status",))
        assert (cancelled.code, status.code) == (0, 0), (cancelled, status)
        assert sandbox.record(turn)["state"] == "cancelled"
    check_committed(sandbox)
    assert violations(sandbox) == []


def test_a_tag_set_while_a_local_run_goes_on_and_ends_is_kept(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    for turn in range(1, 11):
        watcher = gates.start(run=turn, gate=f"gate{turn}")
        gates.open(f"gate{turn}")
        ends = both(sandbox, ("tag", str(turn), "add", "one"), ("tag", str(turn), "add", "two"))
        assert [end.code for end in ends] == [0, 0], ends
        assert watcher.wait(60) == 0, watcher.communicate()
        watcher.communicate()
        record = sandbox.record(turn)
        assert (record["state"], sorted(record["tags"])) == ("finished", ["one", "two"])
    check_committed(sandbox)


def test_the_tag_of_a_run_that_goes_on_is_committed_with_its_end(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    watcher = gates.start("--tag", "old")
    head = sandbox.git("rev-parse", "HEAD")
    assert sandbox.qanat("tag", "1", "add", "new").out == "Tags of run 1: old, new\n"
    sandbox.qanat("tag", "1", "remove", "old")
    assert sandbox.git("rev-parse", "HEAD") == head
    gates.open()
    assert watcher.wait(60) == 0
    watcher.communicate()
    assert sandbox.record()["tags"] == ["new"]
    check_committed(sandbox)


# ---- submitted runs

# It runs jobs at once, finds them again by their intent, and otherwise knows nothing.
REMEMBERING = """\
import json, pathlib, subprocess
from qanat.runners.api import JobStatus, RunnerDefaults, Sightings, Submission, job_script

class Remembering(RunnerDefaults):
    name, title = "remembering", "the remembering scheduler"
    def check(self): pass
    def render(self, batch): return job_script.preview(batch)
    def submit(self, batch):
        job_script.write_scripts(batch)
        for job in batch.jobs:
            subprocess.run(job_script.start_command(batch, job), cwd="/")
        return self.find(batch.intent, [job.group for job in batch.jobs], "")
    def find(self, intent, jobs, since): return Submission({n: f"job-{n}" for n in jobs}, {"queue": "short"})
    def poll(self, handles): return Sightings({handle: JobStatus(None) for handle in handles})
    def cancel(self, handles): pass
    hold = release = cancel
    def scheduler_log(self, folder, handles): return ""
"""


@pytest.fixture
def remembering(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Install a package with a runner; return the environment that includes it."""
    folder = tmp_path / "site"
    info = folder / "qanat_remembering-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "remembering.py").write_text(REMEMBERING)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: qanat-remembering\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qanat.runners]\nremembering = remembering:Remembering\n")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    with FORKS.also(PYTHONPATH=path):
        yield {"PYTHONPATH": path}


def test_a_tag_beside_a_refresh_that_finds_jobs_whose_submission_was_cut_short(
    sandbox: Sandbox, remembering: dict[str, str]
) -> None:
    sandbox.experiment("end", 'exit "$1"')
    sandbox.qanat("run", "--runner", "remembering", "end", "-g", "0", "-g", "3", env=remembering)
    forget_jobs(sandbox)
    (file,) = sandbox.record_files()
    cut_short = file.read_bytes()
    for turn in range(20):
        file.write_bytes(cut_short)
        let_qanat_have_written(file)
        ends = both(sandbox, ("tag", "1", "add", f"a{turn}"), ("status",), remembering)
        assert [end.code for end in ends] == [0, 0], ends
        record = sandbox.record()
        assert record["tags"] == [f"a{turn}"]
        assert [(g["job"], g["exit_code"]) for g in record["groups"]] == [("job-0", 0), ("job-1", 3)]
        assert record["submission"]["details"]["queue"] == "short"
        assert committed(sandbox, file) == file.read_text()
    check_committed(sandbox)


# ---- retry, rename, delete


def test_of_two_retries_at_once_one_is_refused(sandbox: Sandbox) -> None:
    sandbox.experiment("fails", "exit 3")
    sandbox.qanat("run", "fails", code=1)
    attempts = 1
    for _ in range(10):
        ends = both(sandbox, ("retry", "1"), ("retry", "1"))
        # One that came late has found the other's end and started another attempt.
        started = [end for end in ends if end.code == 1]
        refused = [end for end in ends if end.code == 2]
        assert (len(started), len(refused)) in ((1, 1), (2, 0)), ends
        assert all("run 1" in end.err and "  hint: " in end.err for end in refused), ends
        attempts += len(started)
        assert sandbox.record()["groups"][0]["attempt"] == attempts
        assert sorted(p.name for p in (sandbox.root / "results/fails/run_1/attempts").iterdir()) == sorted(
            str(n) for n in range(1, attempts)
        )
    check_committed(sandbox)
    assert violations(sandbox) == []


def test_a_tag_beside_a_renaming_is_kept(ran: Sandbox) -> None:
    names = ("hello", "bye")
    for turn in range(10):
        before, after = names[turn % 2], names[(turn + 1) % 2]
        ends = both(ran, ("tag", "1", "add", f"a{turn}"), ("experiment", "update", before, "--name", after, "--commit"))
        assert [end.code for end in ends] == [0, 0], ends
    assert ran.record()["tags"] == [f"a{turn}" for turn in range(10)]
    assert [r["id"] for r in ran.qanat("experiment", "status", "hello", "--json").json] == [ran.record()["id"]]
    check_committed(ran)


def test_a_tag_brings_no_run_back_that_is_being_deleted(ran: Sandbox) -> None:
    for turn in range(2, 12):
        ran.qanat("run", "hello")
        tagged, deleted = both(ran, ("tag", str(turn), "add", "a"), ("delete", str(turn), "--yes"))
        assert deleted.code == 0, deleted
        assert tagged.code == 0 or "no longer exists" in tagged.err or "does not exist" in tagged.err, tagged
        assert len(ran.record_files()) == 1
        assert len(ran.committed_records()) == 1
        assert ran.status() == ""
