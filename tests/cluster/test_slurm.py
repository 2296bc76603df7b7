"""Runs on a real Slurm cluster without accounting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.slurm_cluster import Cluster
from tests.support.sandbox import Result, Sandbox, wait_until

pytestmark = pytest.mark.xdist_group("slurm")

ARGUMENTS = """\
import json, pathlib, sys
words = sys.argv[1:]
storage = pathlib.Path(words[words.index("--storage_path") + 1])
(storage / "argv.json").write_text(json.dumps(words))
"""
HOSTILE = ["two words", "it's", 'a "quote"', "new\nline", ";", "$(touch /tmp/no)", "%a%j", "*", "", "é→", "\\"]


class OnSlurm(Sandbox):
    """A project whose commands are in the cluster."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        super().__init__(root)
        self.cluster = cluster

    def qanat(self, *words: str, env: dict[str, str] | None = None, **options: Any) -> Result:
        """Run qanat in the cluster."""
        return super().qanat(*words, env={**self.cluster.environment, **(env or {})}, **options)

    def states(self, run: int = 1) -> list[str]:
        """Give the states of a run's groups as qanat knows them now."""
        return [group["state"] for group in self.shown(run)["groups"]]

    def shown(self, run: int = 1) -> dict[str, Any]:
        """Give a run's record as it is now."""
        record: dict[str, Any] = self.qanat("show", str(run), "--json").json
        return record


@pytest.fixture
def project(tmp_path: Path, slurm: Cluster) -> OnSlurm:
    root = tmp_path / "my $(project); it's"
    root.mkdir()
    made = OnSlurm(root, slurm)
    made.qanat("init", "--yes")
    made.experiment("sleep", 'sleep "$1"\n')
    made.experiment("end", 'case $1 in kill) kill -9 $$ ;; *) exit "$1" ;; esac\n')
    return made


def test_one_group_is_a_plain_job_whose_id_is_committed_before_the_command_returns(project: OnSlurm) -> None:
    result = project.qanat("run", "--runner", "slurm", "end", "0")
    record = project.record()
    job = record["groups"][0]["job"]
    assert job.isdecimal()
    assert f"Jobs submitted to clusters\n  - {job}\n" in result.err
    assert project.committed_records() == {f".qanat/runs/end/0/{record['id']}.yaml"}
    assert project.status() == ""
    assert project.cluster.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%j %k") == (
        f"end_1 qanat:{record['submission']['intent']}:0"
    )
    wait_until(lambda: project.states() == ["finished"])
    assert project.record()["groups"][0]["exit_code"] == 0
    assert project.status() == ""


def test_every_argument_survives_and_the_checkout_is_the_workplace(project: OnSlurm) -> None:
    project.python_experiment("argv", ARGUMENTS)
    project.qanat("run", "argv", "--runner", "slurm", "--wait", "--", *HOSTILE)

    storage = project.root / "results/argv/run_1"
    words = json.loads((storage / "argv.json").read_text())
    assert words == [*HOSTILE, "--storage_path", str(storage)]
    assert project.record()["code"]["workdir"] == "checkout"
    assert not Path("/tmp/no").exists()


def test_a_program_edited_while_jobs_wait_runs_as_it_was_committed(project: OnSlurm) -> None:
    project.write("held.yaml", "begin: now+2seconds\n")
    project.commit()
    project.experiment("say", "echo committed\n")
    project.qanat("run", "say", "--runner", "slurm", "--submit_template", "held.yaml")
    project.write("say.sh", "echo edited\n")
    wait_until(lambda: project.states() == ["finished"])
    assert (project.root / "results/say/run_1/stdout.txt").read_text() == "committed\n"


def test_exit_codes_and_signals_are_told_apart_and_wait_gives_the_runs_exit_code(project: OnSlurm) -> None:
    result = project.qanat("run", "end", "--runner", "slurm", "-g", "0", "-g", "3", "-g", "kill", "--wait", code=1)
    assert "2 of 3 groups failed" in result.err
    groups = project.record()["groups"]
    assert [g["state"] for g in groups] == ["finished", "failed", "failed"]
    assert groups[1]["exit_code"] == 3
    assert groups[2]["signal"] == 9


def test_more_groups_than_an_array_may_have_become_as_few_arrays_as_fit(project: OnSlurm) -> None:
    project.qanat("run", "end", "--runner", "slurm", "-R", "pos_0 0 1 1", "-R", "--n 0 50 1", "--wait")
    jobs = [group["job"] for group in project.record()["groups"]]
    arrays = list(dict.fromkeys(job.partition("_")[0] for job in jobs))
    assert len(arrays) == 3
    assert jobs[20] == f"{arrays[0]}_20"
    assert jobs[21] == f"{arrays[1]}_0"
    assert {group["state"] for group in project.record()["groups"]} == {"finished"}


def test_at_most_so_many_groups_run_at_the_same_time(project: OnSlurm) -> None:
    project.qanat("run", "sleep", "--runner", "slurm", "-g", "60", "-g", "60", "-g", "60", "--max-running", "1")
    wait_until(lambda: "running" in project.states())
    assert sorted(project.states()) == ["queued", "queued", "running"]
    assert project.qanat("cancel", "1").out == "Run 1 of sleep cancelled\n"
    assert project.states() == ["cancelled"] * 3
    assert project.status() == ""


def test_held_jobs_say_so_and_go_on_when_released(project: OnSlurm) -> None:
    project.write("later.yaml", "begin: now+1hour\n")
    project.commit()
    project.qanat("run", "end", "0", "--runner", "slurm", "--submit_template", "later.yaml")
    project.qanat("hold", "1")
    wait_until(lambda: project.states() == ["held"])
    assert project.shown()["groups"][0]["reason"] in ("JobHeldUser", "JobHeldAdmin")  # root is an administrator
    project.qanat("release", "1")
    wait_until(lambda: project.shown()["groups"][0].get("reason") == "BeginTime")
    assert project.states() == ["queued"]
    project.qanat("delete", "1", "--cancel", "--yes")
    assert project.record_files() == []


def test_failed_groups_are_retried_as_a_sparse_array_with_options_set_anew(project: OnSlurm) -> None:
    project.experiment("odd", '[ $(($1 % 2)) = 0 ] || [ -e "$3/../../../ok" ]\n')
    project.qanat("run", "odd", "--runner", "slurm", "-R", "pos_0 0 5 1", "--wait", code=1)
    (project.root / "results/ok").touch()
    project.qanat("retry", "1", "--failed", "--set", "time=2x", "--set", "mem=20M", "--wait")
    record = project.record()
    assert [g["state"] for g in record["groups"]] == ["finished"] * 5
    assert [g.get("attempt", 1) for g in record["groups"]] == [1, 2, 1, 2, 1]
    first, again = record["groups"][0]["job"], record["groups"][1]["job"]
    assert again.endswith("_1")
    assert again.partition("_")[0] == record["groups"][3]["job"].partition("_")[0] != first.partition("_")[0]
    assert record["runner"]["options"]["--time"] == "2-00:00:00"
    assert record["runner"]["options"]["mem"] == "20M"


def test_a_requeued_job_is_the_next_attempt_of_the_same_group(project: OnSlurm) -> None:
    project.qanat("run", "sleep", "600", "--runner", "slurm")
    wait_until(lambda: project.states() == ["running"])
    job = project.record()["groups"][0]["job"]
    project.cluster.run("scontrol", "requeue", job)
    wait_until(lambda: project.states() == ["queued"])
    project.cluster.run("scontrol", "update", f"job={job}", "StartTime=now")
    wait_until(lambda: project.states() == ["running"])
    project.qanat("cancel", "1")
    assert project.states() == ["cancelled"]


def test_a_controller_that_is_down_leaves_the_last_known_state_quickly(project: OnSlurm) -> None:
    project.qanat("run", "sleep", "600", "--runner", "slurm")
    wait_until(lambda: project.states() == ["running"])
    project.cluster.stop_controller()
    try:
        result = project.qanat("experiment", "status", "sleep")
        assert "▶ running" in result.out
        assert "Slurm did not answer" in result.err
        assert "run 1 shown as of" in result.err
        refused = project.qanat("run", "end", "0", "--runner", "slurm", code=3)
        assert "Slurm's controller does not answer" in refused.err
        assert len(project.record_files()) == 1
    finally:
        project.cluster.start_controller()
    wait_until(lambda: project.states() == ["running"])
    project.qanat("cancel", "1")


def test_what_sbatch_would_not_take_is_found_before_anything_is_submitted(project: OnSlurm) -> None:
    project.write("bad.yaml", "--partition: nope\n")
    project.write("typo.yaml", "--cpu-per-task: 2\n")
    project.commit()
    refused = project.qanat("run", "end", "0", "--runner", "slurm", "--submit_template", "bad.yaml", code=3)
    assert "Slurm did not take the run: " in refused.err
    assert "invalid partition" in refused.err.lower()
    misspelt = project.qanat("run", "end", "0", "--runner", "slurm", "--submit_template", "typo.yaml", code=2)
    assert "--cpu-per-task: is no option of sbatch; did you mean --cpus-per-task" in misspelt.err
    assert project.record_files() == []
    checked = project.qanat("template", "show", "bad.yaml", "--runner", "slurm", "--check", code=1)
    assert "partition" in checked.err
    assert "no problem found" in project.qanat("template", "show", "default", "--runner", "slurm", "--check").err


def test_a_dry_run_prints_the_call_of_sbatch_and_writes_nothing(project: OnSlurm) -> None:
    result = project.qanat("run", "end", "--runner", "slurm", "-g", "0", "-g", "1", "--dry_run")
    assert "sbatch --parsable --job-name=end_1 " in result.out
    assert "--array=0-1" in result.out
    assert project.record_files() == []
    assert project.status() == ""


def test_logs_follow_a_submitted_run_to_its_end(project: OnSlurm) -> None:
    project.experiment("talk", "echo one; sleep 1; echo two\n")
    project.qanat("run", "talk", "--runner", "slurm")
    assert project.qanat("logs", "1", "-f").out == "one\ntwo\n"
