"""What counts about an HTCondor job: the event log before the queue, the queue before the history."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.runners.htcondor.evidence import UNSEEN, Evidence, host, weigh

THEN, LATER = 1_767_600_000, 1_767_600_060
THEN_TEXT, LATER_TEXT = "2026-01-05T08:00:00.000+00:00", "2026-01-05T08:01:00.000+00:00"
SINFUL = "<10.0.0.7:9618?addrs=10.0.0.7-9618&alias=node7.example&noUDP>"
STARTED: dict[str, Any] = {"started": THEN_TEXT, "host": "node7"}


def log(state: str, **seen: Any) -> dict[str, Any]:
    """Return the worker's answer for an event log: idle jobs have not started, all others once."""
    started = {"starts": 0} if state == "idle" and not seen.get("starts") else {"starts": 1, "started": THEN}
    return {"state": state, "at": LATER, "host": "slot1_1@node7", **started, **seen}


def queue(status: int, **seen: Any) -> dict[str, Any]:
    """Return the queue's entry for a job."""
    started = {} if status == 1 else {"NumJobStarts": 1, "JobStartDate": THEN, "RemoteHost": "slot1_1@node7"}
    return {"ClusterId": 7, "ProcId": 3, "JobStatus": status, **started, **seen}


def history(status: int, **seen: Any) -> dict[str, Any]:
    """Return the history's entry for a job."""
    ended = {"CompletionDate": LATER} if status == 4 else {"EnteredCurrentStatus": LATER}
    start = {"NumJobStarts": 1, "JobStartDate": THEN, "LastRemoteHost": "slot1_1@node7"}
    return {"ClusterId": 7, "ProcId": 3, "JobStatus": status, **start, **ended, **seen}


LOST_CONTACT = "lost contact with its machine, trying to reconnect"
BY_POLICY = "The job attribute PeriodicRemove expression 'JobStatus == 5' evaluated to TRUE"
ENDED = log("ended", exit_code=0, signal=None)
FINISHED = JobStatus(State.FINISHED, exit_code=0, ended=LATER_TEXT, **STARTED)
RUNNING = JobStatus(State.RUNNING, **STARTED)
QUEUED = JobStatus(State.QUEUED)

CASES: dict[str, tuple[Evidence, JobStatus]] = {
    "nothing": (Evidence(), UNSEEN),
    "nothing, and nobody answered": (Evidence(answered=False), UNSEEN),
    # ---- the event log alone: an end is believed, anything else only while nobody answers
    "log: exit code 0": (Evidence(ENDED), FINISHED),
    "log: exit code 3": (
        Evidence(log("ended", exit_code=3, signal=None)),
        JobStatus(State.FAILED, exit_code=3, reason="exit code 3", ended=LATER_TEXT, **STARTED),
    ),
    "log: a shell's word for SIGKILL": (
        Evidence(log("ended", exit_code=137, signal=None)),
        JobStatus(State.FAILED, signal=9, reason="ended by SIGKILL", ended=LATER_TEXT, **STARTED),
    ),
    "log: signal": (
        Evidence(log("ended", exit_code=None, signal=11)),
        JobStatus(State.FAILED, signal=11, reason="ended by SIGSEGV", ended=LATER_TEXT, **STARTED),
    ),
    "log: ended, without saying how": (
        Evidence(log("ended", exit_code=None, signal=None)),
        JobStatus(State.FAILED, reason="HTCondor does not say how it ended", ended=LATER_TEXT, **STARTED),
    ),
    "log: removed": (
        Evidence(log("removed", reason="via condor_rm")),
        JobStatus(State.CANCELLED, reason="via condor_rm", ended=LATER_TEXT, **STARTED),
    ),
    "log: removed before it began, without a reason": (
        Evidence({"state": "removed", "at": LATER, "starts": 0}),
        JobStatus(State.CANCELLED, reason="removed", ended=LATER_TEXT),
    ),
    "log: running, but the queue does not know it": (Evidence(log("running")), UNSEEN),
    "log: running, and nobody answered": (Evidence(log("running"), answered=False), RUNNING),
    "log: idle, and nobody answered": (Evidence({"state": "idle", "starts": 0}, answered=False), QUEUED),
    "log: evicted, and nobody answered": (
        Evidence(log("idle", starts=1), answered=False),
        JobStatus(State.QUEUED, **STARTED),
    ),
    "log: suspended, and nobody answered": (
        Evidence(log("suspended"), answered=False),
        JobStatus(State.RUNNING, reason="suspended", **STARTED),
    ),
    "log: held, and nobody answered": (
        Evidence(log("held", reason="no disk", code=6, subcode=2), answered=False),
        JobStatus(
            State.HELD, reason="its program could not be started (no disk, HTCondor's code 6, subcode 2)", **STARTED
        ),
    ),
    "log: held by qanat, and nobody answered": (
        Evidence(log("held", reason="held by qanat (by user alice)", code=1), answered=False),
        JobStatus(State.HELD, reason="held by qanat", **STARTED),
    ),
    "log: removed by qanat": (
        Evidence(log("removed", reason="cancelled by qanat (by user alice)")),
        JobStatus(State.CANCELLED, reason="cancelled by qanat", ended=LATER_TEXT, **STARTED),
    ),
    "queue: held by somebody": (
        Evidence(queued=queue(5, HoldReason="the disk is full (by user eve)", HoldReasonCode=1, RemoteHost=None)),
        JobStatus(State.HELD, reason="the disk is full, by user eve", started=THEN_TEXT),
    ),
    "log: held without a code, and nobody answered": (
        Evidence(log("held", reason="", code=None), answered=False),
        JobStatus(State.HELD, reason="held", **STARTED),
    ),
    # ---- the queue
    "queue: idle": (Evidence(queued=queue(1)), QUEUED),
    "queue: running": (Evidence(queued=queue(2)), RUNNING),
    "queue: bringing output back": (Evidence(queued=queue(6)), RUNNING),
    "queue: suspended": (Evidence(queued=queue(7)), JobStatus(State.RUNNING, reason="suspended", **STARTED)),
    "queue: removed, and not gone yet": (
        Evidence(queued=queue(3)),
        JobStatus(State.RUNNING, reason="being removed", **STARTED),
    ),
    "queue: removed by a user, and not gone yet": (
        Evidence(queued=queue(3, RemoveReason="via condor_rm (by user eve)")),
        JobStatus(State.RUNNING, reason="being removed (via condor_rm, by user eve)", **STARTED),
    ),
    "queue: removed, but its machine cannot be reached": (
        Evidence(log("disconnected"), queue(3, RemoveReason="cancelled by qanat (by user alice)")),
        JobStatus(State.RUNNING, reason=f"being removed (cancelled by qanat), {LOST_CONTACT}", **STARTED),
    ),
    "queue: running, but its machine cannot be reached": (
        Evidence(log("disconnected"), queue(2)),
        JobStatus(State.RUNNING, reason=LOST_CONTACT, **STARTED),
    ),
    "queue: idle again after its machine could not be reached": (
        Evidence(log("disconnected"), queue(1)),
        JobStatus(State.QUEUED, **STARTED),
    ),
    "log: its machine cannot be reached, and nobody answered": (
        Evidence(log("disconnected"), answered=False),
        JobStatus(State.RUNNING, reason=LOST_CONTACT, **STARTED),
    ),
    "queue: held by its own policy": (
        Evidence(queued=queue(5, HoldReason="too long", HoldReasonCode=3, RemoteHost=None)),
        JobStatus(State.HELD, reason="too long, HTCondor's code 3", started=THEN_TEXT),
    ),
    "queue: held by its own policy for its disk": (
        Evidence(queued=queue(5, HoldReason="x", HoldReasonCode=21, HoldReasonSubCode=104, RemoteHost=None)),
        JobStatus(
            State.HELD,
            reason="took more disk space than it requested (x, HTCondor's code 21, subcode 104)",
            started=THEN_TEXT,
        ),
    ),
    "log: removed since it took too much memory": (
        Evidence(log("removed", reason=BY_POLICY, hold="too much memory", code=34, subcode=102)),
        JobStatus(
            State.FAILED,
            reason="took more memory than it requested (too much memory, HTCondor's code 34, subcode 102)",
            ended=LATER_TEXT,
            **STARTED,
        ),
    ),
    "log: removed by a policy while it was held for another reason": (
        Evidence(log("removed", reason=BY_POLICY, hold="no disk", code=6, subcode=2)),
        JobStatus(State.CANCELLED, reason=BY_POLICY, ended=LATER_TEXT, **STARTED),
    ),
    "log: removed by a user after it took too much memory": (
        Evidence(log("removed", reason="via condor_rm", hold="too much memory", code=34)),
        JobStatus(State.CANCELLED, reason="via condor_rm", ended=LATER_TEXT, **STARTED),
    ),
    "history: removed since it took too long": (
        Evidence(past=history(3, RemoveReason=BY_POLICY, HoldReason="too long", HoldReasonCode=46)),
        JobStatus(
            State.FAILED, reason="exceeded the time limit (too long, HTCondor's code 46)", ended=LATER_TEXT, **STARTED
        ),
    ),
    "queue: held": (
        Evidence(queued=queue(5, HoldReason="no program", HoldReasonCode=6, HoldReasonSubCode=0, RemoteHost=None)),
        JobStatus(
            State.HELD, reason="its program could not be started (no program, HTCondor's code 6)", started=THEN_TEXT
        ),
    ),
    "queue: completed, and not gone yet": (
        Evidence(queued=queue(4, ExitCode=0, CompletionDate=LATER, LastRemoteHost="slot1_1@node7")),
        FINISHED,
    ),
    "queue: running for the third time": (
        Evidence(queued=queue(2, NumJobStarts=3)),
        JobStatus(State.RUNNING, restarts=2, **STARTED),
    ),
    # ---- two that do not agree
    "an end in the log, and still running in the queue": (Evidence(ENDED, queue(2)), FINISHED),
    "removed in the log, and still running in the queue": (
        Evidence(log("removed", reason="x"), queue(2)),
        JobStatus(State.CANCELLED, reason="x", ended=LATER_TEXT, **STARTED),
    ),
    "held in the log, idle in the queue": (
        Evidence(log("held", reason="x", code=1), queue(1)),
        JobStatus(State.QUEUED, **STARTED),
    ),
    "running in the log, held in the queue": (
        Evidence(log("running"), queue(5, HoldReason="x", HoldReasonCode=1)),
        JobStatus(State.HELD, reason="x", **STARTED),
    ),
    "two starts in the log, of which the queue has only one": (
        Evidence(log("running", starts=2), queue(2)),
        JobStatus(State.RUNNING, restarts=1, **STARTED),
    ),
    "a start in the log, none in the queue yet": (
        Evidence(log("running"), {"JobStatus": 2}),
        RUNNING,
    ),
    "running in the log, ended in the history": (Evidence(log("running"), past=history(4, ExitCode=0)), FINISHED),
    "ended with 3 in the log, with 0 in the history": (
        Evidence(log("ended", exit_code=3, signal=None), past=history(4, ExitCode=0)),
        JobStatus(State.FAILED, exit_code=3, reason="exit code 3", ended=LATER_TEXT, **STARTED),
    ),
    "running in the queue, ended in the history": (Evidence(queued=queue(2), past=history(4, ExitCode=0)), RUNNING),
    # ---- the history
    "history: exit code 0": (Evidence(past=history(4, ExitCode=0, ExitBySignal=False)), FINISHED),
    "history: signal": (
        Evidence(past=history(4, ExitBySignal=True, ExitSignal=9)),
        JobStatus(State.FAILED, signal=9, reason="ended by SIGKILL", ended=LATER_TEXT, **STARTED),
    ),
    "history: removed": (
        Evidence(past=history(3, RemoveReason="via condor_rm")),
        JobStatus(State.CANCELLED, reason="via condor_rm", ended=LATER_TEXT, **STARTED),
    ),
    "history: the second start came to an end": (
        Evidence(past=history(4, ExitCode=0, NumJobStarts=2)),
        JobStatus(State.FINISHED, exit_code=0, ended=LATER_TEXT, restarts=1, **STARTED),
    ),
    # ---- jobs that do not exist yet, as job 3 of a cluster that has made three, or will never exist
    "not made yet": (Evidence(factory={"JobMaterializeNextProcId": 3}), QUEUED),
    "not made yet, held": (
        Evidence(factory={"JobMaterializeNextProcId": 3, "JobMaterializePaused": 1}),
        JobStatus(State.HELD),
    ),
    "made, and gone": (Evidence(factory={"JobMaterializeNextProcId": 4}), UNSEEN),
    "never made": (
        Evidence(removed={"next": 3, "at": LATER}),
        JobStatus(State.CANCELLED, reason="removed before it began", ended=LATER_TEXT),
    ),
    "made before its cluster was removed": (Evidence(removed={"next": 4, "at": LATER}), UNSEEN),
}


@pytest.mark.parametrize("case", CASES)
def test_the_evidence_is_weighed_in_the_order_of_trust(case: str) -> None:
    evidence, expected = CASES[case]
    assert weigh(3, evidence) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("slot1_1@node7.example", "node7.example"),
        ("node7", "node7"),
        (SINFUL, "node7.example"),
        ("<10.0.0.7:9618>", None),
        ("", None),
        (None, None),
    ],
)
def test_the_machine_is_read_out_of_however_it_is_named(name: str | None, expected: str | None) -> None:
    assert host(name) == expected
