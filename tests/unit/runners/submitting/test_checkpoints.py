"""What the script of a job does if its program says that it is to continue later."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.checkpoint import Checkpoint
from qanat.runners.htcondor import keys
from qanat.runners.slurm import flags
from qanat.runners.submitting.job_script import Stopping
from tests.unit.runners.submitting.place import Place
from tests.unit.runners.submitting.test_job_script import begun

CODE = Checkpoint(85)
FLAG = Checkpoint(file="checkpoint/again")
# What the scheduler would do, noted in a file.
QUEUE = Stopping(requeue='[ -z "$q_continues" ] || echo queued >>"$q_here/queue"\n')
# Counts its attempts in its checkpoint, and continues until it has had as many as it wants.
COUNTS = """\
echo "attempt $QANAT_ATTEMPT" >>"$QANAT_CHECKPOINT/log"
echo "$QANAT_ATTEMPT"
if [ "$(wc -l <"$QANAT_CHECKPOINT/log")" -ge "$1" ]; then exit 0; fi
"""
WITH_CODE = f"{COUNTS}exit 85\n"
WITH_FLAG = f'{COUNTS}: >"$QANAT_CHECKPOINT/again"\nexit 0\n'
# For an attempt that is not too short to be queued again.
LONG = "sleep 1.1\n"


def job(place: Place, script: str, wanted: int, checkpoint: Checkpoint, **options: Any) -> Any:
    """Write the scripts of a job, and return it."""
    found = place.job("/bin/sh", "-c", script, "sh", str(wanted), checkpoint=checkpoint, **options)
    place.write(found)
    return found


def ends(place: Place) -> list[tuple[str, int, int]]:
    """List how earlier attempts ended, as the script has noted."""
    path = place.storage() / "earlier.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [(row["end"], row["attempt"], row["status"]) for row in rows]


@pytest.mark.parametrize(("script", "checkpoint", "status"), [(WITH_CODE, CODE, 85), (WITH_FLAG, FLAG, 0)])
def test_a_group_goes_on_in_the_same_job_where_nothing_queues_it(
    in_any_shell: Place, script: str, checkpoint: Checkpoint, status: int
) -> None:
    place = in_any_shell
    assert place.run(job(place, script, 3, checkpoint, attempt=4)) == 0
    assert place.left() == {**place.left(), "attempt": 6, "status": 0, "by": "exit"}
    assert ends(place) == [("checkpoint", 4, status), ("checkpoint", 5, status)]
    assert place.stdout() == "4\n5\n6\n"
    names = {path.name for path in place.storage().iterdir()}
    assert not {name for name in names if name.startswith(".")}
    assert "continues.json" not in names


@pytest.mark.parametrize(("script", "checkpoint", "status"), [(WITH_CODE, CODE, 85), (WITH_FLAG, FLAG, 0)])
def test_a_group_is_queued_again_with_its_checkpoint_and_a_note_of_its_end(
    in_any_shell: Place, script: str, checkpoint: Checkpoint, status: int
) -> None:
    place = in_any_shell
    place.stopping = QUEUE
    work = job(place, LONG + script, 2, checkpoint)
    assert place.run(work) == status
    assert (place.storage() / "queue").read_text() == "queued\n"
    assert place.left("continues.json") == {**place.left("continues.json"), "attempt": 1, "status": status}
    assert not (place.storage() / "completion.json").exists()
    assert place.run(work) == 0
    assert (place.storage() / "queue").read_text() == "queued\n"
    assert place.left() == {**place.left(), "attempt": 2, "status": 0}
    assert ends(place) == [("checkpoint", 1, status)]
    assert not (place.storage() / "continues.json").exists()


def test_an_attempt_that_ends_at_once_does_not_trouble_the_scheduler(place: Place) -> None:
    place.stopping = QUEUE
    assert place.run(job(place, WITH_CODE, 3, CODE)) == 0
    assert not (place.storage() / "queue").exists()
    assert [attempt for _, attempt, _ in ends(place)] == [1, 2]


@pytest.mark.parametrize(("script", "checkpoint"), [(WITH_CODE, Checkpoint(85)), (WITH_FLAG, FLAG)])
def test_no_group_has_more_attempts_than_it_may(place: Place, script: str, checkpoint: Checkpoint) -> None:
    limited = Checkpoint(checkpoint.exit_code, checkpoint.file, attempts=2)
    place.run(job(place, script, 9, limited))
    assert place.left() == {**place.left(), "attempt": 2, "by": "attempts"}
    assert not (place.storage() / "continues.json").exists()


def test_a_scheduler_that_starts_it_more_often_does_not_start_the_program(place: Place) -> None:
    work = job(place, "echo $QANAT_ATTEMPT; exit 3", 1, Checkpoint(85, attempts=2))
    assert [place.run(work), place.run(work)] == [3, 3]
    place.run(work)
    assert (place.left()["by"], place.stdout()) == ("over", "1\n2\n")


def test_a_flag_of_an_earlier_attempt_counts_only_if_it_is_written_again(in_any_shell: Place) -> None:
    place = in_any_shell
    flag = f'{COUNTS}[ "$QANAT_ATTEMPT" -gt 1 ] || : >"$QANAT_CHECKPOINT/again"\nexit 3\n'
    assert place.run(job(place, flag, 9, FLAG)) == 3
    assert place.left() == {**place.left(), "attempt": 2, "status": 3, "by": "exit"}


def test_an_exit_code_alone_is_no_flag_and_a_signal_no_exit_code(place: Place) -> None:
    assert place.run(job(place, WITH_CODE, 3, FLAG)) == 85
    assert place.left() == {**place.left(), "attempt": 1, "by": "exit"}
    killed = place.shell("kill -9 $$", checkpoint=Checkpoint(85), group=1)
    place.write(killed)
    place.run(killed)
    assert place.left(group=1) == {**place.left(group=1), "attempt": 1, "by": "signal"}


def test_a_job_that_is_stopped_does_not_go_on_by_itself(place: Place) -> None:
    work = job(place, "trap 'exit 85' TERM; echo begun; while :; do sleep 0.02; done", 1, CODE)
    process = place.start(work)
    begun(place)
    process.terminate()
    assert process.wait(60) == 85
    assert place.left("stopped.json") == {**place.left("stopped.json"), "attempt": 1, "status": 85}
    assert not (place.storage() / "continues.json").exists()


def test_a_group_that_was_cancelled_does_not_go_on(place: Place) -> None:
    note = f'echo "{place.intent} 0 2026-11-23T05:17:55+00:00" >>"$QANAT_STORAGE_PATH/../cancelled"\n'
    place.run(job(place, note + WITH_CODE, 3, CODE))
    assert place.stdout() == "1\n"
    assert place.left("stopped.json")["status"] == 85


def test_a_signal_reaches_the_program_of_a_later_attempt(in_any_shell: Place) -> None:
    place = in_any_shell
    script = """\
if [ "$QANAT_ATTEMPT" = 1 ]; then exit 85; fi
trap 'echo came; exit 0' USR1; echo begun; while :; do sleep 0.02; done
"""
    process = place.start(job(place, script, 1, CODE))
    begun(place)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(60) == 0
    assert place.stdout() == "begun\ncame\n"


def test_the_directory_for_a_checkpoint_is_there_only_where_it_is_asked_for(place: Place) -> None:
    work = place.shell('echo "$QANAT_ATTEMPT ${QANAT_CHECKPOINT-none}"')
    place.write(work)
    place.run(work)
    assert place.stdout() == "1 none\n"
    assert not (place.storage() / "checkpoint").exists()


# ---- what HTCondor and Slurm are told


@pytest.mark.parametrize(
    ("wanted", "script", "status"), [(2, LONG + WITH_CODE, 85), (1, "exit 85", 1), (1, "exit 3", 3)]
)
def test_htcondor_gets_its_exit_code_only_if_the_group_goes_on(
    place: Place, wanted: int, script: str, status: int
) -> None:
    place.stopping = keys.stopping({})
    assert place.run(job(place, script, wanted, CODE if wanted > 1 else FLAG)) == status


SCONTROL = """\
#!/bin/sh
echo "$*" >>"$0.calls"
[ "$1" = requeue ] || { echo "   JobState=COMPLETING Reason=$(cat "$0.reason") Dependency=(null)"; exit; }
exit "$(cat "$0.code")"
"""


class Slurm:
    """A stub of scontrol on the PATH of a job, which is an element of an array."""

    def __init__(self, folder: Path, code: int = 0, reason: str = "None") -> None:
        self.program = folder / "bin/scontrol"
        self.program.parent.mkdir()
        self.program.write_text(SCONTROL)
        self.program.chmod(0o755)
        self.program.with_name("scontrol.code").write_text(str(code))
        self.program.with_name("scontrol.reason").write_text(reason)
        path = f"{self.program.parent}:/usr/bin:/bin"
        self.environment = {"PATH": path, "SLURM_JOB_ID": "7", "SLURM_ARRAY_JOB_ID": "5", "SLURM_ARRAY_TASK_ID": "2"}

    def calls(self) -> list[str]:
        path = self.program.with_name("scontrol.calls")
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def on_slurm(place: Place) -> Place:
    """Return the place with Slurm's way to queue a job again."""
    place.stopping = flags.stopping({})
    return place


def test_slurm_is_asked_to_queue_the_element_again(on_slurm: Place, tmp_path: Path) -> None:
    slurm = Slurm(tmp_path)
    on_slurm.environment = slurm.environment
    on_slurm.run(job(on_slurm, LONG + WITH_CODE, 2, CODE))
    assert slurm.calls() == ["requeue 5_2"]
    assert on_slurm.left("continues.json")["attempt"] == 1
    on_slurm.run(job(on_slurm, LONG + WITH_CODE, 2, CODE))
    assert slurm.calls() == ["requeue 5_2"]


@pytest.mark.parametrize(("code", "left"), [(1, "completion.json"), (143, "continues.json")])
def test_a_refusal_of_slurm_ends_the_group_and_a_signal_is_none(
    on_slurm: Place, tmp_path: Path, code: int, left: str
) -> None:
    slurm = Slurm(tmp_path, code)
    on_slurm.environment = {key: value for key, value in slurm.environment.items() if "ARRAY" not in key}
    on_slurm.run(job(on_slurm, LONG + WITH_CODE, 2, CODE))
    assert slurm.calls() == ["requeue 7"]
    assert on_slurm.left(left) == {**on_slurm.left(left), "by": "requeue" if code == 1 else "exit", "status": 85}
    assert sum((on_slurm.storage() / name).exists() for name in ("completion.json", "continues.json")) == 1


@pytest.mark.parametrize(
    ("reason", "calls"), [("TimeLimit", ["show job 5_2", "requeue 5_2"]), ("None", ["show job 5_2"])]
)
def test_a_job_that_slurm_stops_is_queued_again_at_its_time_limit_only(
    on_slurm: Place, tmp_path: Path, reason: str, calls: list[str]
) -> None:
    slurm = Slurm(tmp_path, reason=reason)
    on_slurm.environment = slurm.environment
    work = job(on_slurm, "trap 'exit 85' TERM; echo begun; while :; do sleep 0.02; done", 1, CODE)
    process = on_slurm.start(work)
    begun(on_slurm)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)
    assert slurm.calls() == calls
    assert on_slurm.left("stopped.json")["status"] == 85
