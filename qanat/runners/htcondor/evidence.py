"""What is known about an HTCondor job from its event log, the queue and the history, in this order of trust.

All three come from the worker as plain mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qanat.domain import completion, times
from qanat.domain.job import JobStatus
from qanat.domain.run import State
from qanat.runners.htcondor import hold_reasons, retries

UNSEEN = JobStatus(None)
REMOVED, COMPLETED = 3, 4
_DISCONNECTED = "lost contact with its machine, trying to reconnect"
# Idle, running, removed but still in the queue, held, transferring output, suspended.
_QUEUE_STATES = {
    1: (State.QUEUED, ""),
    2: (State.RUNNING, ""),
    REMOVED: (State.RUNNING, "being removed"),
    5: (State.HELD, ""),
    6: (State.RUNNING, ""),
    7: (State.RUNNING, "suspended"),
}
_LOG_STATES = {
    "idle": (State.QUEUED, ""),
    "running": (State.RUNNING, ""),
    "disconnected": (State.RUNNING, _DISCONNECTED),
    "suspended": (State.RUNNING, "suspended"),
    "held": (State.HELD, ""),
}

Seen = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each source says about one job, None if nothing; `answered` says whether queue and history were available.

    `factory` is the queue's entry for a cluster that creates its jobs as needed, `removed` the event log's entry
    for such a cluster that was removed.
    """

    logged: Seen | None = None
    queued: Seen | None = None
    past: Seen | None = None
    factory: Seen | None = None
    removed: Seen | None = None
    answered: bool = True


def weigh(proc: int, evidence: Evidence) -> JobStatus:
    """Return the status of job number `proc` of its cluster."""
    logged, queued = evidence.logged, evidence.queued
    if logged and logged["state"] in ("ended", "removed"):
        return _from_log(logged)
    if queued and queued["JobStatus"] in _QUEUE_STATES:
        return _from_queue(queued, logged)
    for past in (queued, evidence.past):
        if past and past["JobStatus"] in (REMOVED, COMPLETED):
            return _from_history(past)
    if evidence.factory and proc >= evidence.factory["JobMaterializeNextProcId"]:
        return JobStatus(State.HELD if evidence.factory.get("JobMaterializePaused") == 1 else State.QUEUED)
    if evidence.removed and proc >= evidence.removed["next"]:
        ended = times.from_epoch(evidence.removed["at"])
        return JobStatus(State.CANCELLED, reason="removed before it began", ended=ended)
    return _from_log(logged) if logged and not evidence.answered else UNSEEN


def _from_log(logged: Seen) -> JobStatus:
    ended = times.from_epoch(logged["at"]) if "at" in logged else None
    known: dict[str, Any] = {
        "started": times.from_epoch(logged["started"]) if "started" in logged else None,
        "host": host(logged.get("host")),
        "restarts": max(0, logged["starts"] - 1),
    }
    if logged["state"] == "removed":
        if retries.ended_by(logged.get("reason") or "", logged.get("code"), logged.get("subcode")):
            held = _hold_reason(logged.get("hold"), logged.get("code"), logged.get("subcode"))
            return JobStatus(State.FAILED, reason=held, ended=ended, **known)
        return JobStatus(State.CANCELLED, reason=_plain(logged.get("reason") or "removed"), ended=ended, **known)
    if logged["state"] == "ended":
        return _ended(logged.get("exit_code"), logged.get("signal"), ended, known)
    state, reason = _LOG_STATES[logged["state"]]
    if state is State.HELD:
        reason = _hold_reason(logged.get("reason"), logged.get("code"), logged.get("subcode"))
    return JobStatus(state, reason=reason, **known)


def _from_queue(ad: Seen, logged: Seen | None) -> JobStatus:
    state, reason = _QUEUE_STATES[ad["JobStatus"]]
    if state is State.HELD:
        reason = _hold_reason(ad.get("HoldReason"), ad.get("HoldReasonCode"), ad.get("HoldReasonSubCode"))
    elif ad["JobStatus"] == REMOVED:
        reason = _being_removed(ad, logged)
    elif state is State.RUNNING and _is_disconnected(logged):
        reason = _DISCONNECTED
    starts = max(int(ad.get("NumJobStarts", 0)), logged["starts"] if logged else 0)
    started = ad.get("JobStartDate") or (logged or {}).get("started")
    return JobStatus(
        state,
        reason=reason,
        started=times.from_epoch(started) if started else None,
        host=host(ad.get("RemoteHost") or (logged or {}).get("host")),
        restarts=max(0, starts - 1),
    )


def _being_removed(ad: Seen, logged: Seen | None) -> str:
    """Return by whom a job is being removed, and why that may take long; HTCondor removes none that it cannot reach."""
    why = _plain(ad.get("RemoveReason") or "")
    reason = f"being removed{f' ({why})' if why else ''}"
    return f"{reason}, {_DISCONNECTED}" if _is_disconnected(logged) else reason


def _is_disconnected(logged: Seen | None) -> bool:
    """Return whether HTCondor has lost contact with a job; its queue then still has the job as running."""
    return logged is not None and logged["state"] == "disconnected"


def _from_history(ad: Seen) -> JobStatus:
    ended = times.from_epoch(ad.get("CompletionDate") or ad.get("EnteredCurrentStatus") or 0)
    known: dict[str, Any] = {
        "started": times.from_epoch(ad["JobStartDate"]) if ad.get("JobStartDate") else None,
        "host": host(ad.get("LastRemoteHost")),
        "restarts": max(0, int(ad.get("NumJobStarts", 1)) - 1),
    }
    if ad["JobStatus"] == REMOVED:
        for which in ("LastHoldReason", "HoldReason"):
            text, code, subcode = (ad.get(f"{which}{part}") for part in ("", "Code", "SubCode"))
            if retries.ended_by(str(ad.get("RemoveReason", "")), code, subcode):
                return JobStatus(State.FAILED, reason=_hold_reason(text, code, subcode), ended=ended, **known)
        return JobStatus(State.CANCELLED, reason=_plain(ad.get("RemoveReason", "removed")), ended=ended, **known)
    by_signal = bool(ad.get("ExitBySignal"))
    return _ended(None if by_signal else ad.get("ExitCode"), ad.get("ExitSignal") if by_signal else None, ended, known)


def _ended(code: int | None, number: int | None, ended: str | None, known: dict[str, Any]) -> JobStatus:
    """Return the end of a job whose own exit code is that of the program, as a shell reports it."""
    if number is not None:
        reason = f"ended by {completion.signal_name(number)}"
        return JobStatus(State.FAILED, signal=number, reason=reason, ended=ended, **known)
    if code is None:
        return JobStatus(State.FAILED, reason="HTCondor does not say how it ended", ended=ended, **known)
    end = completion.status_of(code, ended="")
    return JobStatus(
        end.state,
        exit_code=end.exit_code,
        signal=end.signal,
        reason=end.reason,
        ended=ended,
        **known,
    )


def _hold_reason(reason: Any, code: Any, subcode: Any) -> str:
    return hold_reasons.in_words(_plain(reason or "held"), code, subcode)


def _plain(reason: Any) -> str:
    """Return a reason without the account in `cancelled by qanat (by user alice)`, which another's reason keeps."""
    text, by, user = str(reason).rpartition(" (by user ")
    if not by:
        return user
    return text if text.endswith("by qanat") else f"{text}, by user {user.removesuffix(')')}"


def host(name: Any) -> str | None:
    """Return the machine in `slot1_1@node7` or `<10.0.0.7:9618?alias=node7&…>`; None if there is none."""
    text = str(name or "")
    if text.startswith("<"):
        options = text.strip("<>").partition("?")[2].split("&")
        return next((option.removeprefix("alias=") for option in options if option.startswith("alias=")), None)
    return text.rpartition("@")[2] or None
