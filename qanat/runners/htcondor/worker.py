"""Talking to HTCondor in a process of its own: a JSON request on stdin, answers as JSON lines on stdout.

The bindings end the whole process for a broken configuration file, can hang for minutes on a frozen schedd,
and leak memory with every submission (Python 3.11), none of which may happen to qanat itself. Each answer is
printed as soon as it is known, so that a caller that stops waiting has everything up to then. This file is run
by its path, with the caller's process id as its argument, and imports nothing from qanat.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

_ATTRIBUTES = """
    ClusterId ProcId JobStatus HoldReason HoldReasonCode HoldReasonSubCode RemoteHost LastRemoteHost
    NumJobStarts JobStartDate EnteredCurrentStatus ExitBySignal ExitCode ExitSignal RemoveReason
    CompletionDate QanatIntent LastHoldReason LastHoldReasonCode LastHoldReasonSubCode
"""
JOB_ATTRIBUTES = _ATTRIBUTES.split()
_FACTORY_ATTRIBUTES = ["JobMaterializeNextProcId", "JobMaterializePaused"]
_PR_SET_PDEATHSIG = 1
_ENDED = ("ended", "removed")
# A query names at most this many jobs one by one; beyond that it asks for their whole cluster.
_NAMED_MAX = 200


def main() -> None:
    """Answer one request."""
    _end_with(int(sys.argv[1]))
    try:
        import htcondor2
    except ImportError as error:
        _answer(error=f"HTCondor's Python bindings are not installed: {error}", missing=True)
        return
    request = json.load(sys.stdin)
    try:
        _OPERATIONS[request["operation"]](htcondor2, request)
    except _errors(htcondor2) as error:
        _answer(error=_sentence(error))


def _end_with(asker: int) -> None:
    """Make this process end when its caller does: a run that nobody waits for must not be submitted."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != asker:
        sys.exit(1)


def _errors(htcondor2: Any) -> tuple[type[Exception], ...]:
    return (htcondor2.HTCondorException, OSError, ValueError, TypeError, RuntimeError)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _answer(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _module(name: str) -> dict[str, Any]:
    """Return what a module beside this one defines; not every request needs it."""
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


def _schedd(htcondor2: Any, name: str = "") -> tuple[Any, str]:
    """Return the schedd of this name, or this machine's, and its name."""
    collector, kind = htcondor2.Collector(), htcondor2.DaemonType.Schedd
    ad: Any = None
    problem = f"the pool has no schedd {name}"
    try:
        ad = collector.locate(kind)
    except htcondor2.HTCondorException as error:
        problem = _sentence(error)
    if name and (ad is None or str(ad.get("Name", "")) != name):
        try:
            ad = collector.locate(kind, name)
        except htcondor2.HTCondorException:
            ad = None
    if ad is None:
        raise htcondor2.HTCondorException(problem)
    return htcondor2.Schedd(ad), str(ad.get("Name", ""))


# ---- submitting


def _check(htcondor2: Any, _request: dict[str, Any]) -> None:
    schedd, name = _schedd(htcondor2)
    schedd.query("false", ["ClusterId"], limit=1)
    _answer(schedd=name)


def _submit(htcondor2: Any, request: dict[str, Any]) -> None:
    """Check that the schedd answers, report it, then submit: a caller without an answer knows that nothing was sent."""
    schedd, name = _schedd(htcondor2)
    schedd.query("false", ["ClusterId"], limit=1)
    _answer(schedd=name)
    for name in request["unset"]:
        os.environ.pop(name, None)
    description = request["description"]
    answer = _try(htcondor2, schedd, request, description)
    if "error" in answer and "unknown" not in answer and request["optional"]:
        # The schedd may be one that does not create jobs itself.
        needed = {key: value for key, value in description.items() if key not in request["optional"]} | request[
            "otherwise"
        ]
        answer = _try(htcondor2, schedd, request, needed)
    _answer(**answer)


def _try(htcondor2: Any, schedd: Any, request: dict[str, Any], description: dict[str, str]) -> dict[str, Any]:
    """Submit; if that fails, find out whether it left a cluster anyway, as when the schedd ended meanwhile."""
    try:
        result = schedd.submit(htcondor2.Submit(description), itemdata=iter(request["rows"]))
        return {"cluster": result.cluster()}
    except _errors(htcondor2) as error:
        problem = _sentence(error)
    try:
        again, _ = _schedd(htcondor2)
        found = _in_queue(htcondor2, again, request["constraint"], ["ClusterId"])
    except _errors(htcondor2):
        return {"error": problem, "unknown": True}
    return {"cluster": int(found[0]["ClusterId"])} if found else {"error": problem}


def _attend(htcondor2: Any, request: dict[str, Any]) -> None:
    """Submit a job unless one that matches is in the queue."""
    schedd, name = _schedd(htcondor2)
    _answer(schedd=name)
    if not schedd.query(request["constraint"], ["ClusterId"], limit=1):
        schedd.submit(htcondor2.Submit(request["description"]))


def _find(htcondor2: Any, request: dict[str, Any]) -> None:
    schedd, name = _schedd(htcondor2)
    ads = _in_queue(htcondor2, schedd, request["constraint"], ["ClusterId"])
    ads = ads or schedd.history(request["constraint"], ["ClusterId"], 1, since=_search_end(request["since"]))
    _answer(schedd=name, cluster=int(ads[0]["ClusterId"]) if ads else None)


def _in_queue(htcondor2: Any, schedd: Any, constraint: str, attributes: list[str]) -> list[Any]:
    """Query jobs, and clusters, which may have jobs that do not exist yet (max_materialize)."""
    return list(schedd.query(constraint, attributes, opts=htcondor2.QueryOpt.IncludeClusterAd))


def _search_end(since: int) -> str:
    """Return the expression that ends a search of the history, which goes back in time."""
    return f"EnteredCurrentStatus < {int(since)}"


def _act(htcondor2: Any, request: dict[str, Any]) -> None:
    """Act on jobs; report which intents the clusters in the queue carry, since others are not acted on.

    `created` are jobs by their clusters: nothing is done if some of those that do not exist yet are among them, but not
    all.
    """
    schedd, _ = _schedd(htcondor2, request["schedd"])
    clusters = " || ".join(f"ClusterId == {int(cluster)}" for cluster in request["clusters"])
    intents: dict[str, list[str]] = {}
    to_come: dict[str, list[int]] = {}
    wanted = ["ClusterId", "ProcId", "QanatIntent", "JobMaterializeNextProcId", "TotalSubmitProcs", "QanatJobs"]
    for ad in _in_queue(htcondor2, schedd, f"({clusters})", wanted):
        if _is_factory(ad):
            total = ad.get("TotalSubmitProcs", ad.get("QanatJobs", 0))
            to_come[str(ad["ClusterId"])] = [int(ad["JobMaterializeNextProcId"]), int(total)]
        known = intents.setdefault(str(ad["ClusterId"]), [])
        if (intent := str(ad.get("QanatIntent", ""))) not in known:
            known.append(intent)
    if missing := _not_created(request.get("created", {}), to_come):
        _answer(intents=intents, missing=missing)
        return
    action = getattr(htcondor2.JobAction, request["action"])
    for constraint in request["constraints"]:
        schedd.act(action, constraint, reason=(request["reason"], 0))
    _answer(intents=intents)


def _not_created(procs: dict[str, list[int]], to_come: dict[str, list[int]]) -> list[str]:
    """List the jobs, such as `12.3`, that are some of those that their cluster has yet to create."""
    missing = []
    for cluster, (first, end) in to_come.items():
        found = [proc for proc in procs.get(cluster, ()) if proc >= first]
        missing += [f"{cluster}.{proc}" for proc in found if len(found) < end - first]
    return missing


def _explain(htcondor2: Any, request: dict[str, Any]) -> None:
    """Report for each cluster what tells why its first idle job waits."""
    matching = _module("slot_matching")
    schedd, _ = _schedd(htcondor2, request["schedd"])
    for cluster in request["clusters"]:
        for job in schedd.query(f"ClusterId == {int(cluster)} && JobStatus == 1", limit=1):
            intent = str(job.get("QanatIntent", ""))
            _answer(cluster=int(cluster), intent=intent, facts=matching["explain"](htcondor2, job))


# ---- polling


def _poll(htcondor2: Any, request: dict[str, Any]) -> None:
    """Report what the event logs know, then for each schedd what its queue knows, then its history of the rest.

    `schedds` are mappings of `name`, `since` (when the first of its jobs was submitted) and `clusters`, which maps
    their numbers to the path of the event log and the numbers of the jobs in question.
    """
    read_log = _module("event_log")["read_log"]
    logs = {path: read_log(htcondor2, path) for path in request["logs"]}
    _answer(logs=logs)
    for query in request["schedds"]:
        try:
            _poll_schedd(htcondor2, query, logs)
        except _errors(htcondor2) as error:
            _answer(schedd=query["name"], error=_sentence(error))


def _poll_schedd(htcondor2: Any, query: dict[str, Any], logs: dict[str, Any]) -> None:
    schedd, _ = _schedd(htcondor2, query["name"])
    clusters = query["clusters"]
    of_clusters = " || ".join(f"ClusterId == {int(c)}" for c in clusters)
    ads = _in_queue(htcondor2, schedd, f"({of_clusters})", JOB_ATTRIBUTES + _FACTORY_ATTRIBUTES)
    queue = [_plain(ad, JOB_ATTRIBUTES) for ad in ads if "ProcId" in ad]
    factories = [_plain(ad, ["ClusterId", "QanatIntent", *_FACTORY_ATTRIBUTES]) for ad in ads if _is_factory(ad)]
    _answer(schedd=query["name"], queue=queue, factories=factories)
    missing = _missing(clusters, queue, factories, logs)
    if missing:
        found = schedd.history(_constraint(missing), JOB_ATTRIBUTES, _count(missing), since=_search_end(query["since"]))
        _answer(schedd=query["name"], history=[_plain(ad, JOB_ATTRIBUTES) for ad in found])
    else:
        _answer(schedd=query["name"], history=[])


def _is_factory(ad: Any) -> bool:
    return "ProcId" not in ad and "JobMaterializeNextProcId" in ad


def _missing(
    clusters: dict[str, Any], queue: list[dict[str, Any]], factories: list[dict[str, Any]], logs: dict[str, Any]
) -> dict[str, list[int]]:
    """List, by cluster, the jobs with neither an end in the event log nor a place in the queue."""
    queued = {(ad["ClusterId"], ad["ProcId"]) for ad in queue}
    to_come = {ad["ClusterId"]: ad["JobMaterializeNextProcId"] for ad in factories}
    missing = {}
    for name, part in clusters.items():
        cluster, log = int(name), logs.get(part["log"], {})
        first = min(to_come.get(cluster, sys.maxsize), log.get(name, {}).get("next", sys.maxsize))
        ended = {job for job, seen in log.items() if seen.get("state") in _ENDED}
        left = [p for p in part["procs"] if p < first and (cluster, p) not in queued and f"{name}.{p}" not in ended]
        if left:
            missing[name] = left
    return missing


def _constraint(missing: dict[str, list[int]]) -> str:
    named = _count(missing) <= _NAMED_MAX
    parts = []
    for cluster, procs in missing.items():
        of_procs = f" && ({' || '.join(f'ProcId == {proc}' for proc in procs)})" if named else ""
        parts.append(f"(ClusterId == {int(cluster)}{of_procs})")
    return " || ".join(parts)


def _count(missing: dict[str, list[int]]) -> int:
    """Return the number of jobs that are named one by one; -1 (no limit) if they are not."""
    count = sum(map(len, missing.values()))
    return count if count <= _NAMED_MAX else -1


def _plain(ad: Any, attributes: list[str]) -> dict[str, Any]:
    return {key: ad[key] for key in attributes if key in ad and isinstance(ad[key], int | float | str | bool)}


_OPERATIONS = {
    "check": _check,
    "submit": _submit,
    "attend": _attend,
    "find": _find,
    "poll": _poll,
    "act": _act,
    "explain": _explain,
}

if __name__ == "__main__":
    main()
