"""How a runner behaves for a user: qanat's commands in a real project."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from qanat.testing.arguments import NASTY
from qanat.testing.sandbox import Result, Sandbox, wait_until
from qanat.testing.subject import Subject

PRINT_ARGUMENTS = 'printf "%s\\0" "$@"\n'
GATE = 'echo begun; while [ ! -e "$1" ]; do sleep 0.05; done\n'


class CommandContract(Subject):
    """Tests of a runner through the command line."""

    def run_experiment(self, project: Sandbox, *arguments: str, code: int = 0) -> Result:
        """Run `qanat run` with this runner and its template for short jobs."""
        return project.qanat("run", "--runner", self.make().name, "--submit-template", "short", *arguments, code=code)

    def states(self, project: Sandbox, run: int = 1) -> list[str]:
        """Return the current states of a run's groups."""
        groups: list[dict[str, Any]] = project.qanat("show", str(run), "--json").json["groups"]
        return [group["state"] for group in groups]

    def test_a_dry_run_shows_what_would_be_submitted_and_writes_nothing(self, project: Sandbox) -> None:
        project.experiment("say", PRINT_ARGUMENTS)
        shown = self.run_experiment(project, "say", "-g", "one", "-g", "two", "--dry-run").out
        assert "2 groups; nothing was run or written" in shown
        assert project.record_files() == []
        checked = project.qanat("template", "show", "short", "--runner", self.make().name, "--check")
        assert "no problems found" in checked.err

    def test_a_run_is_waited_for_recorded_and_committed(self, project: Sandbox) -> None:
        project.experiment("say", PRINT_ARGUMENTS)
        groups = [part for arguments in (NASTY, ("b",)) for part in ("-g", shlex.join(arguments))]
        self.run_experiment(project, "say", *groups, "--wait")
        record = project.record()
        assert [group["state"] for group in record["groups"]] == ["finished", "finished"]
        assert all(group["job"] for group in record["groups"])
        assert record["runner"]["name"] == self.make().name
        assert record["runner"]["options"] == dict(self.options)
        storage = project.root / record["storage"]
        written = (storage / "group_0/stdout.txt").read_text().split("\0")
        assert written == [*NASTY, "--storage_path", str(storage / "group_0"), ""]
        assert project.status() == ""
        assert len(project.committed_records()) == 1
        assert not list(project.root.rglob("pwned"))

    def test_failed_groups_are_reported_and_can_be_retried_with_other_options(
        self, project: Sandbox, shared: Path
    ) -> None:
        project.experiment("odd", '[ "$1" = 0 ] || [ -e "$2" ]\n')
        gate = shared / "retry now"
        groups = [part for code in "010" for part in ("-g", shlex.join([code, str(gate)]))]
        stderr = self.run_experiment(project, "odd", *groups, "--wait", code=1).err
        assert "1 of 3 groups failed" in stderr
        gate.touch()
        project.qanat("retry", "1", "--failed", "--wait")
        record = project.record()
        assert [(group["state"], group.get("attempt", 1)) for group in record["groups"]] == [
            ("finished", 1),
            ("finished", 2),
            ("finished", 1),
        ]
        assert project.status() == ""

    def test_jobs_are_found_again_after_qanat_was_killed_before_recording_them(
        self, project: Sandbox, shared: Path
    ) -> None:
        project.experiment("wait", GATE)
        gate = shared / "gate"
        groups = [part for number in "12" for part in ("-g", shlex.join([str(gate), number]))]
        self.run_experiment(project, "wait", *groups)
        jobs = [group["job"] for group in project.record()["groups"]]
        wait_until(lambda: self.states(project) == ["running", "running"], self.patience_s)
        forget_jobs(project)
        wait_until(lambda: self.states(project) == ["running", "running"], self.patience_s)
        assert [group["job"] for group in project.record()["groups"]] == jobs
        gate.touch()
        wait_until(lambda: self.states(project) == ["finished", "finished"], self.patience_s)
        assert project.status() == ""

    def test_a_cancelled_run_is_recorded_as_cancelled(self, project: Sandbox, shared: Path) -> None:
        project.experiment("wait", GATE)
        stderr = self.run_experiment(project, "wait", str(shared / "never")).err
        jobs = [group["job"] for group in project.record()["groups"]]
        assert "Submitted as job" in stderr
        assert all(jobs)
        wait_until(lambda: self.states(project) == ["running"], self.patience_s)
        assert project.qanat("cancel", "1").out == "Run 1 of wait cancelled\n"
        assert project.record()["state"] == "cancelled"
        assert project.status() == ""

    def test_a_repeated_run_produces_the_same_files(self, project: Sandbox) -> None:
        project.experiment("say", "echo the same\n")
        self.run_experiment(project, "say", "--wait")
        compared = project.qanat("rerun", "1", "--check")
        assert "identical: " in compared.err
        assert len(project.record_files()) == 2


def forget_jobs(project: Sandbox) -> None:
    """Return the project to the state between submission and the scheduler's answer: no job ids, no index.

    The record is committed so, since a record that a person has edited is left to that person.
    """
    import yaml

    (file,) = project.record_files()
    record = project.record()
    kept = ("intent", "submitted", "checkout", "inputs")
    record["submission"] = {key: value for key, value in record["submission"].items() if key in kept}
    for group in record["groups"]:
        group.pop("job")
    file.write_text(yaml.safe_dump(record, sort_keys=False))
    project.commit("without its jobs")
    for cached in (project.root / ".git/qanat").glob("index*"):
        cached.unlink()
