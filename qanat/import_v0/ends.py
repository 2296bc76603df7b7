"""How the groups of a run of the first qanat ended: what it noted, and what the files beside the results say.

It called a run finished whatever its programs' exit codes were, and one running for ever that had died. So a
scheduler's log counts first, then what was noted of the group and of the run; for what had no end by then, the
output may speak. What nothing speaks for is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qanat.domain.run import Group, State, lost
from qanat.import_v0 import meanings
from qanat.import_v0 import storage as first_storage
from qanat.import_v0.database import Row
from qanat.import_v0.definitions import text
from qanat.import_v0.meanings import Remarks
from qanat.import_v0.places import Storage
from qanat.import_v0.storage import End


@dataclass(frozen=True, slots=True)
class _Noted:
    """What info.yaml says of the groups, one item for each."""

    statuses: list[str]
    started: list[str]
    ended: list[str]
    jobs: list[str]


def group_ends(row: Row, storage: Storage, args: list[tuple[str, ...]], remarks: Remarks) -> list[Group]:
    """Give the groups of a run with their ends."""
    count, info = len(args), storage.info
    noted = _Noted(
        meanings.per_group(info.get("status"), count),
        meanings.per_group(info.get("start_time"), count),
        meanings.per_group(info.get("end_time"), count),
        _jobs(info, count),
    )
    return [_group(row, storage, Group(number, words), noted, count, remarks) for number, words in enumerate(args)]


def _group(row: Row, storage: Storage, group: Group, noted: _Noted, count: int, remarks: Remarks) -> Group:
    folder = storage.group(group.number, count)
    statuses = (noted.statuses[group.number], text(row["status"]))
    group = replace(
        group,
        job=noted.jobs[group.number] or None,
        started=meanings.moment(noted.started[group.number]) or meanings.moment(row["launched"]),
        ended=meanings.moment(noted.ended[group.number]) or meanings.moment(row["finished"]),
    )
    logged = first_storage.logged_end(folder) if folder else None
    end = logged or _noted_end(statuses)
    if end is None and folder:
        end = first_storage.apparent_end(folder)
    elif end and end.state == State.FINISHED and not logged and folder and first_storage.traceback(folder):
        remarks.add(
            "called finished by the first qanat, but its stderr.txt ends with an error: look at it", storage.run
        )
    if end is None and meanings.never_started(statuses[1]) and not (folder and first_storage.has_output(folder)):
        return replace(group, state=State.CANCELLED, reason="it was never started", started=None, ended=None)
    if end is None:
        return _lost(group, statuses[1], storage, remarks)
    ended = meanings.moment(end.moment) if end.moment else group.ended
    return replace(group, state=end.state, exit_code=end.exit_code, signal=end.signal, reason=end.reason, ended=ended)


def _noted_end(statuses: tuple[str, str]) -> End | None:
    """Give the end that was noted, of the group before that of the run."""
    for status, whose in zip(statuses, ("the group", "the run"), strict=True):
        if state := meanings.end_of(status):
            failed = state == State.FAILED
            return End(state, reason=f"the first qanat noted an error of {whose}" if failed else "")
    return None


def _lost(group: Group, status: str, storage: Storage, remarks: Remarks) -> Group:
    looked = f"the first qanat left it as {status!r}"
    looked += ", and nothing beside its results tells more" if storage.readable else ""
    remarks.add(f"left as {status!r}, and nothing tells how it ended: lost", storage.run)
    return replace(lost(group, looked), ended=None)


def _jobs(info: dict[str, Any], count: int) -> list[str]:
    """Give what each group's job was called: HTCondor's cluster, each of which had one job, or a process number."""
    clusters = info.get("cluster_ids")
    if isinstance(clusters, list):
        return [f"{cluster}.0" if cluster else "" for cluster in meanings.per_group(clusters, count)]
    return meanings.per_group(info.get("pids") or [], count)
