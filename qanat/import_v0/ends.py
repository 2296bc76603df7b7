"""How the groups of a qanat 0.x run ended, from its database and from the files beside the results.

qanat 0.x called a run finished whatever its programs' exit codes were, and a run that had died stayed running for
ever. So a scheduler's log comes first, then what was recorded for the group and for the run; if neither has an
end, the output may show one. A group without any evidence is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qanat.domain.run import Group, State, lost
from qanat.domain.shortening import quoted
from qanat.import_v0 import meanings
from qanat.import_v0 import storage as v0_storage
from qanat.import_v0.database import Row
from qanat.import_v0.definitions import text
from qanat.import_v0.places import Storage
from qanat.import_v0.storage import End
from qanat.imports.remarks import Remarks


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What info.yaml says about the groups: one item for each group in every list."""

    statuses: list[str]
    started: list[str]
    ended: list[str]
    jobs: list[str]


def group_ends(row: Row, storage: Storage, args: list[tuple[str, ...]], remarks: Remarks) -> list[Group]:
    """Return the groups of a run with their ends."""
    count, info = len(args), storage.info
    recorded = _Recorded(
        meanings.per_group(info.get("status"), count),
        meanings.per_group(info.get("start_time"), count),
        meanings.per_group(info.get("end_time"), count),
        _jobs(info, count),
    )
    return [
        _group(row, storage, Group(number, arguments), recorded, count, remarks)
        for number, arguments in enumerate(args)
    ]


def _group(row: Row, storage: Storage, group: Group, recorded: _Recorded, count: int, remarks: Remarks) -> Group:
    folder = storage.group(group.number, count)
    statuses = (recorded.statuses[group.number], text(row["status"]))
    group = replace(
        group,
        job=recorded.jobs[group.number] or None,
        started=meanings.timestamp(recorded.started[group.number]) or meanings.timestamp(row["launched"]),
        ended=meanings.timestamp(recorded.ended[group.number]) or meanings.timestamp(row["finished"]),
    )
    logged = v0_storage.logged_end(folder) if folder else None
    end = logged or _recorded_end(statuses)
    if end is None and folder:
        end = v0_storage.apparent_end(folder)
    elif end and end.state == State.FINISHED and not logged and folder and v0_storage.traceback(folder):
        remarks.add("qanat 0.x called it finished, but its stderr.txt ends with an error: look at it", storage.run)
    if end is None and meanings.never_started(statuses[1]) and not (folder and v0_storage.has_output(folder)):
        return replace(group, state=State.CANCELLED, reason="it was never started", started=None, ended=None)
    if end is None:
        return _lost(group, statuses[1], storage, remarks)
    ended = meanings.timestamp(end.timestamp) if end.timestamp else group.ended
    return replace(group, state=end.state, exit_code=end.exit_code, signal=end.signal, reason=end.reason, ended=ended)


def _recorded_end(statuses: tuple[str, str]) -> End | None:
    """Return the end that was recorded, for the group or else for the run; None if there is none."""
    for status, whose in zip(statuses, ("the group", "the run"), strict=True):
        if state := meanings.end_of(status):
            failed = state == State.FAILED
            return End(state, reason=f"qanat 0.x recorded an error of {whose}" if failed else "")
    return None


def _lost(group: Group, status: str, storage: Storage, remarks: Remarks) -> Group:
    looked = f"qanat 0.x left it as {quoted(status)}"
    looked += ", and its files say no more" if storage.readable else ""
    remarks.add(f"left as {quoted(status)}, and nothing shows how it ended: lost", storage.run)
    return replace(lost(group, looked), ended=None)


def _jobs(info: dict[str, Any], count: int) -> list[str]:
    """Return each group's job id: HTCondor's cluster (every cluster had a single job) or a process number."""
    clusters = info.get("cluster_ids")
    if isinstance(clusters, list):
        return [f"{cluster}.0" if cluster else "" for cluster in meanings.per_group(clusters, count)]
    return meanings.per_group(info.get("pids") or [], count)
