"""Parsing the output of squeue and sacct, which are shell scripts here that print what a test wants."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qanat.domain.job import JobHandle
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.runners.slurm import polling, queue

INTENT = "c0ffee"
MARK = f"qanat:{INTENT}:0"
NOON = "2026-01-05T12:00:00"


class Programs:
    """Programs that come first on PATH, and the handle of a job that they are asked about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.storage = folder / "run_1"
        self.storage.mkdir()

    def say(self, name: str, *lines: str, errors: str = "", status: int = 0) -> None:
        """Make a program print lines."""
        text = "".join(f"{line}\n" for line in lines)
        script = f"#!/bin/sh\nprintf %s {shlex.quote(text)}\nprintf %s {shlex.quote(errors)} >&2\nexit {status}\n"
        self.write(name, script)

    def write(self, name: str, script: str) -> None:
        file = self.folder / name
        file.write_text(script)
        file.chmod(0o755)

    def handle(self, job: str = "812_3") -> JobHandle:
        details = {"folder": str(self.storage), "submitted": "2026-01-05T11:00:00+00:00"}
        return JobHandle(INTENT, 3, job, details)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs(tmp_path)
    monkeypatch.setenv("PATH", str(made.folder), prepend=os.pathsep)
    made.say("squeue")
    made.say("sacct", errors="Slurm accounting storage is disabled\n", status=1)
    return made


def queued(job: str, state: str, *, mark: str = MARK, folder: object = "/x", reason: str = "None") -> str:
    return f"{job}|{state}|{reason}|{NOON}|{NOON}|node7|x_1|{mark}|{folder}"


def past(job: str, state: str, *, line: str = f"sbatch --comment={MARK}", submit: str = NOON, code: str = "0:0") -> str:
    return f"{job}|{state}|{code}|{NOON}|{NOON}|node7|{submit}|big|x_1||{line}"


def seen(programs: Programs, job: str = "812_3") -> tuple[State | None, str]:
    handle = programs.handle(job)
    statuses, _ = polling.poll([handle], [])
    return statuses[handle].state, statuses[handle].reason


def test_a_job_with_another_intent_or_of_nobody_is_not_ours(programs: Programs) -> None:
    for mark in ("qanat:deadbeef:0", "(null)", "somebody's"):
        programs.say("squeue", queued("812_3", "RUNNING", mark=mark))
        assert seen(programs) == (None, "")
    programs.say("squeue", queued("812_3", "RUNNING", mark="(null)", folder=programs.storage))
    assert seen(programs) == (State.RUNNING, "")


def test_a_folder_of_any_name_breaks_no_row(programs: Programs) -> None:
    evil = f"/a\n812_3|COMPLETED|None|{NOON}|{NOON}|node7|x_1|qanat:deadbeef:0|/b"
    programs.say("squeue", queued("812_2", "RUNNING", folder=evil), queued("812_3", "RUNNING", folder="/a|b"))
    assert seen(programs) == (State.RUNNING, "")
    assert seen(programs, "812_2") == (State.RUNNING, "")


def test_accounting_tells_of_jobs_that_the_queue_has_forgotten_the_last_incarnation_of_them(programs: Programs) -> None:
    programs.say(
        "sacct",
        past("812_3", "PREEMPTED", submit="2026-01-05T11:00:00"),
        past("812_3", "FAILED", submit="2026-01-05T11:30:00", code="3:0"),
        past("812_3", "COMPLETED", line="sbatch theirs.sh", submit="2026-01-05T11:59:00"),
    )
    assert seen(programs) == (State.FAILED, "FAILED, exit code 3")


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "REQUEUED"])
def test_what_accounting_has_not_heard_the_end_of_is_unseen(programs: Programs, state: str) -> None:
    programs.say("sacct", past("812_3", state))
    assert seen(programs) == (None, "")


def test_a_row_that_has_come_without_its_submission_yet_is_not_believed(programs: Programs) -> None:
    programs.say("sacct", f"812|FAILED|3:0|{NOON}|{NOON}|node7|{NOON}|big|allocation||")
    assert seen(programs, "812") == (None, "")


def test_elements_that_were_cancelled_together_share_a_row(programs: Programs) -> None:
    programs.say("sacct", past("812_[0,2-5,9%2]", "CANCELLED by 1000"))
    assert seen(programs) == (State.CANCELLED, "cancelled by user 1000 (CANCELLED)")
    assert seen(programs, "812_9")[0] is State.CANCELLED
    assert seen(programs, "812_6") == (None, "")


def test_the_reason_of_the_queue_and_the_exit_code_of_accounting_are_both_kept(programs: Programs) -> None:
    programs.say("squeue", queued("812_3", "TIMEOUT", reason="TimeLimit"))
    programs.say("sacct", past("812_3", "TIMEOUT", code="0:15"))
    assert seen(programs) == (State.FAILED, "exceeded the time limit (TIMEOUT), SIGTERM")


def test_a_slurm_that_does_not_keep_submissions_is_asked_without_them(programs: Programs) -> None:
    row = f"812_3|COMPLETED|0:0|{NOON}|{NOON}|node7|{NOON}|big|x_1|{MARK}"
    refusal = 'sacct: error: Invalid field requested: "submitline"'
    programs.write("sacct", f"#!/bin/sh\ncase $* in *submitline*) echo '{refusal}' >&2; exit 1 ;; esac\necho '{row}'\n")
    assert seen(programs) == (State.FINISHED, "")


def test_an_accounting_that_fails_is_a_problem_only_for_what_nobody_else_knows(programs: Programs) -> None:
    programs.say("sacct", errors="sacct: error: Connection refused\n", status=1)
    one, other = programs.handle("812_3"), programs.handle("812_4")
    programs.say("squeue", queued("812_3", "FAILED", reason="NonZeroExitCode"), queued("812_4", "RUNNING"))
    statuses, problem = polling.poll([one, other], [])
    assert (statuses[one].reason, statuses[other].state, problem) == ("FAILED, NonZeroExitCode", State.RUNNING, "")
    programs.say("squeue", queued("812_4", "RUNNING"))
    statuses, problem = polling.poll([one, other], [])
    assert (statuses[one].state, statuses[other].state) == (None, State.RUNNING)
    assert problem == "sacct failed: sacct: error: Connection refused"


def test_a_queue_that_fails_is_an_error_unless_it_has_only_forgotten_the_job(programs: Programs) -> None:
    programs.say("squeue", errors="slurm_load_jobs error: Invalid job id specified\n", status=1)
    assert seen(programs) == (None, "")
    programs.say("squeue", errors="slurm_load_jobs error: Unable to contact slurm controller\n", status=1)
    with pytest.raises(RunnerUnavailable, match="squeue failed: slurm_load_jobs error: Unable to contact"):
        polling.poll([programs.handle()], [])


def test_accounting_is_asked_from_an_hour_before_the_first_submission_on(programs: Programs) -> None:
    programs.write("sacct", f'#!/bin/sh\nprintf "%s\\n" "$*" >{shlex.quote(str(programs.folder / "asked"))}\n')
    queue.sacct(["-j", "812"], queue.earliest_submission([programs.handle()]))
    asked = (programs.folder / "asked").read_text()
    assert asked.startswith("-X -D -n -P -o jobid,state,")
    assert asked.endswith("-S 2026-01-05T10:00:00 -j 812\n")


def test_a_pending_job_is_expected_to_start_when_slurm_says_so(programs: Programs) -> None:
    handle = programs.handle()
    expected = []
    for row in (
        queued("812_3", "PENDING"),
        queued("812_3", "RUNNING"),
        queued("812_3", "PENDING").replace(NOON, "N/A"),
    ):
        programs.say("squeue", row)
        statuses, _ = polling.poll([handle], [])
        expected.append(statuses[handle].expected)
    noon = datetime.fromisoformat(NOON).astimezone(UTC).isoformat(timespec="seconds")
    assert expected == [noon, None, None]


@pytest.mark.parametrize(("row", "program"), [(queued, "squeue"), (past, "sacct")])
def test_a_job_that_was_on_no_machine_has_not_started(
    programs: Programs, row: Callable[[str, str], str], program: str
) -> None:
    handle = programs.handle()
    noon = datetime.fromisoformat(NOON).astimezone(UTC).isoformat(timespec="seconds")
    for node, expected in (("node7", noon), ("" if program == "squeue" else "None assigned", None)):
        programs.say(program, row("812_3", "CANCELLED by 1000").replace("node7", node))
        statuses, _ = polling.poll([handle], [])
        assert (statuses[handle].state, statuses[handle].started) == (State.CANCELLED, expected)
