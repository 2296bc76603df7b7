"""Talking to HTCondor in a process of its own: `python -m qanat.runners.htcondor_worker`, JSON in, JSON lines out.

The bindings end the whole process for a broken configuration file, can hang for minutes on a frozen schedd,
and lose memory with every submission (Python 3.11), none of which may happen to qanat itself. Each answer is
printed as soon as it is known, so that whoever gives up waiting has what came until then.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_ATTRIBUTES = """
    ClusterId ProcId JobStatus HoldReason HoldReasonCode HoldReasonSubCode RemoteHost LastRemoteHost
    NumJobStarts JobStartDate EnteredCurrentStatus ExitBySignal ExitCode ExitSignal RemoveReason
    CompletionDate QanatIntent
"""
JOB_ATTRIBUTES = _ATTRIBUTES.split()


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    try:
        import htcondor2
    except ImportError as error:
        _say(error=f"the Python bindings of HTCondor are not there: {error}", missing=True)
        return
    try:
        _OPERATIONS[request["operation"]](htcondor2, request)
    except (htcondor2.HTCondorException, OSError, ValueError, TypeError, RuntimeError) as error:
        _say(error=" ".join(str(error).split()))


def _say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _schedd(htcondor2: Any) -> tuple[Any, str]:
    ad = htcondor2.Collector().locate(htcondor2.DaemonType.Schedd)
    return htcondor2.Schedd(ad), str(ad.get("Name", ""))


def _check(htcondor2: Any, _request: dict[str, Any]) -> None:
    schedd, name = _schedd(htcondor2)
    schedd.query("false", ["ClusterId"], limit=1)
    _say(schedd=name)


def _submit(htcondor2: Any, request: dict[str, Any]) -> None:
    """Look whether the schedd answers, say so, then submit: whoever waits knows that nothing was sent before."""
    schedd, name = _schedd(htcondor2)
    schedd.query("false", ["ClusterId"], limit=1)
    _say(schedd=name)
    result = schedd.submit(htcondor2.Submit(request["description"]), itemdata=iter(request["rows"]))
    _say(cluster=result.cluster(), first=result.first_proc(), count=result.num_procs())


def _find(htcondor2: Any, request: dict[str, Any]) -> None:
    schedd, name = _schedd(htcondor2)
    constraint = f'QanatIntent == "{request["intent"]}"'
    ads = schedd.query(constraint, ["ClusterId"], limit=1) or list(schedd.history(constraint, ["ClusterId"], 1))
    _say(schedd=name, cluster=int(ads[0]["ClusterId"]) if ads else None)


def _poll(htcondor2: Any, request: dict[str, Any]) -> None:
    """Say what the event logs know, then what the queue knows, then what the history knows of the rest."""
    logs = {path: _read_log(htcondor2, path) for path in request["logs"]}
    _say(logs=logs)
    clusters = request["clusters"]
    schedd, _ = _schedd(htcondor2)
    constraint = " || ".join(f"ClusterId == {int(c)}" for c in clusters)
    queued = [_plain(ad) for ad in schedd.query(constraint, JOB_ATTRIBUTES)]
    _say(queue=queued)
    known = {f"{ad['ClusterId']}.{ad['ProcId']}" for ad in queued} | {j for log in logs.values() for j in _ended(log)}
    if any(job not in known for job in request["jobs"]):
        _say(history=[_plain(ad) for ad in schedd.history(constraint, JOB_ATTRIBUTES, request["history"])])


def _act(htcondor2: Any, request: dict[str, Any]) -> None:
    schedd, _ = _schedd(htcondor2)
    action = getattr(htcondor2.JobAction, request["action"])
    schedd.act(action, request["constraint"], reason=(request["reason"], 0))
    _say(done=True)


def _plain(ad: Any) -> dict[str, Any]:
    return {key: ad[key] for key in JOB_ATTRIBUTES if key in ad and isinstance(ad[key], int | float | str | bool)}


def _ended(log: dict[str, Any]) -> list[str]:
    return [job for job, seen in log.items() if seen["state"] in ("ended", "removed")]


def _read_log(htcondor2: Any, path: str) -> dict[str, Any]:
    """Fold an event log into the last that is known of each job, by `cluster.proc`; empty when there is no log."""
    jobs: dict[str, Any] = {}
    try:
        events = htcondor2.JobEventLog(path)
        for event in events.events(stop_after=0):
            job = jobs.setdefault(f"{event.cluster}.{event.proc}", {"state": "idle", "starts": 0})
            if fold := _FOLDS.get(event.type.name):
                job["at"] = int(event.timestamp)
                fold(job, event)
    except (htcondor2.HTCondorException, OSError):
        return jobs
    return jobs


def _execute(job: dict[str, Any], event: Any) -> None:
    job.update(
        state="running", starts=job["starts"] + 1, started=int(event.timestamp), host=str(event.get("ExecuteHost", ""))
    )


def _idle(job: dict[str, Any], _event: Any) -> None:
    job.update(state="idle")


def _held(job: dict[str, Any], event: Any) -> None:
    job.update(state="held", reason=str(event.get("HoldReason", "")), code=event.get("HoldReasonCode"))


def _aborted(job: dict[str, Any], event: Any) -> None:
    job.update(state="removed", reason=str(event.get("Reason", "")))


def _terminated(job: dict[str, Any], event: Any) -> None:
    normally = bool(event.get("TerminatedNormally"))
    code, signal = event.get("ReturnValue"), event.get("TerminatedBySignal")
    job.update(state="ended", exit_code=code if normally else None, signal=None if normally else signal)


_FOLDS = {
    "EXECUTE": _execute,
    "JOB_EVICTED": _idle,
    "SHADOW_EXCEPTION": _idle,
    "JOB_HELD": _held,
    "JOB_RELEASED": _idle,
    "JOB_ABORTED": _aborted,
    "JOB_TERMINATED": _terminated,
}
_OPERATIONS = {"check": _check, "submit": _submit, "find": _find, "poll": _poll, "act": _act}

if __name__ == "__main__":
    main()
