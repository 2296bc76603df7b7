"""A controller that is down or frozen, and missing settings: no command hangs or crashes."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cluster.on_cluster import WAIT, wait_until
from tests.cluster.slurm_cluster import Cluster
from tests.cluster.slurm_project import OnSlurm
from tests.support.sandbox import Result

pytestmark = pytest.mark.xdist_group("slurm")

# It is two seconds on a machine that has nothing else to do. Slurm's own programs wait for 9 s, or for a minute.
PATIENCE_S = 8.0


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """Stop the controller inside the `with` block."""
    with cluster.without_controller():
        yield


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """Make the controller accept connections but never answer inside the `with` block."""
    with cluster.frozen("slurmctld"):
        yield


@contextmanager
def no_settings(cluster: Cluster) -> Iterator[None]:
    """Hide the configuration file."""
    away = cluster.config.with_suffix(".away")
    cluster.config.rename(away)
    try:
        yield
    finally:
        away.rename(cluster.config)


Trouble = Callable[[Cluster], AbstractContextManager[None]]
TROUBLES = {
    stopped: "Slurm's controller does not answer: Slurmctld(primary) at ",
    frozen: "scontrol did not answer within 1.5 s",
    no_settings: "scontrol did not answer within 1.5 s",
}


def in_time(project: OnSlurm, *words: str, code: int = 0) -> Result:
    """Run a command that must not hang."""
    begun = time.monotonic()
    result = project.qanat(*words, code=code)
    assert time.monotonic() - begun < PATIENCE_S, words
    return result


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.__name__)
def test_what_was_last_seen_is_shown_with_its_moment_and_nothing_else_is_done(
    on_slurm: OnSlurm, trouble: Trouble
) -> None:
    on_slurm.experiment("wait", WAIT)
    on_slurm.submit("wait", str(on_slurm.gate()), "0")
    on_slurm.submit("wait", str(on_slurm.gate()), "0", "--submit_template", "later")
    on_slurm.begun()
    on_slurm.wait_for_states("running")
    assert on_slurm.states(2) == ["queued"]
    with trouble(on_slurm.cluster):
        (note,) = in_time(on_slurm, "status").err.splitlines()
        assert re.fullmatch(r"note: Slurm did not answer \(.*\); runs 1, 2 shown as of 2\S+ \S+", note), note
        assert TROUBLES[trouble] in note
        assert on_slurm.states() == ["running"]
        few = None if trouble is stopped else 1
        for words in [("experiment", "status", "wait"), ("logs", "1"), ("show", "2")][:few]:
            assert "as of" in in_time(on_slurm, *words).err, words
        acts = [("cancel", "2"), ("hold", "2"), ("release", "1")][:few]
        for words in (*acts, ("run", "wait", "x", "--runner", "slurm")):
            assert f"qanat: {TROUBLES[trouble]}" in in_time(on_slurm, *words, code=3).err, words
        assert len(on_slurm.record_files()) == 2
        assert not on_slurm.storage("wait", 3).exists()
        assert on_slurm.status() == ""

        # Its end is in a file, for which nobody need be asked.
        on_slurm.gate().touch()
        on_slurm.ended()
        assert on_slurm.states() == ["finished"]
    wait_until(lambda: on_slurm.qanat("status").err == "")
    assert on_slurm.states(2) == ["queued"]


def test_a_run_that_has_ended_is_looked_at_without_asking_anybody(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "echo done\n")
    on_slurm.qanat("run", "none", "-R", "--n 0 3 1", "--runner", "slurm", "--wait")
    with on_slurm.cluster.frozen("slurmctld"):
        for words in (("status",), ("experiment", "status", "none"), ("show", "1"), ("logs", "1")):
            assert on_slurm.qanat(*words).err == ""


def test_where_there_is_no_slurm_one_sentence_says_so(on_slurm: OnSlurm, tmp_path: Path) -> None:
    on_slurm.experiment("none", "exit 0\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(subprocess.check_output(["which", "git"], text=True).strip())
    nowhere = {"PATH": str(tmp_path / "bin")}
    said = on_slurm.qanat("run", "none", "--runner", "slurm", env=nowhere, code=3).err
    assert said == "qanat: scontrol is not on PATH\n  hint: install scontrol\n"
    on_slurm.template("mine", "--mem: 1G\n")
    said = on_slurm.qanat("template", "show", "mine", "--check", env=nowhere, code=None).err
    assert "mine: the values could not be checked: scontrol is not on PATH" in said
    assert "sbatch --parsable" in on_slurm.qanat("run", "none", "--runner", "slurm", "--dry_run", env=nowhere).out
    assert on_slurm.record_files() == []


def test_a_frozen_slurmdbd_does_not_keep_a_run_from_being_seen(on_accounting: OnSlurm) -> None:
    on_accounting.experiment("wait", WAIT)
    with on_accounting.cluster.frozen("slurmdbd"):
        on_accounting.submit("wait", str(on_accounting.gate()), "0", "-R", "--n 0 2 1")
        on_accounting.begun(group=1)
        on_accounting.wait_for_states("running", "running")
        on_accounting.gate().touch()
        on_accounting.wait_for_states("finished", "finished")


def test_a_record_cannot_make_slurms_programs_do_something_else(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    on_slurm.submit("none", "--submit_template", "later")
    (path,) = on_slurm.record_files()
    (job,) = on_slurm.numbers()
    path.write_text(path.read_text().replace(f"job: '{job}'", "job: '--help'"))
    assert on_slurm.record()["groups"][0]["job"] == "--help"
    assert on_slurm.states() == ["queued"]
    for words in (("hold", "1"), ("release", "1"), ("status",)):
        assert "usage" not in on_slurm.qanat(*words).out.lower()
    on_slurm.cluster.run("scancel", job)


def test_a_run_that_was_submitted_from_another_machine_is_looked_at_from_this_one(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    on_slurm.submit("none")
    (path,) = on_slurm.record_files()
    path.write_text(path.read_text().replace(f"host: {os.uname().nodename}\n", "host: login02\n"))
    on_slurm.wait_for_states("finished")
