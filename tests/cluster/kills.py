"""Killing qanat at chosen points of a submission to a real scheduler, and checks of what is left."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.cluster.on_cluster import OnCluster, wait_until

EXPERIMENT = "brief"
SEED = 11
SPAN_S = 0.9
NOTHING = "nothing was submitted: qanat was killed before that"

# Returns whether a submission has come to a step that only this scheduler has, given the intent of its jobs.
IsThere = Callable[[str, str], bool]


def happened(project: OnCluster, step: str, known: set[Path], is_there: IsThere) -> bool:
    """Return whether a submission has come this far; `known` are the records from before it."""
    new = [path for path in project.record_files() if path not in known]
    if not new:
        return False
    text, folder = new[0].read_text(), project.storage(EXPERIMENT, int(new[0].name.partition("-")[0]))
    match step:
        case "record":
            return True
        case "job script":
            return (folder / "job.sh").exists()
        case "commands":
            return (folder / "commands/0.sh").exists()
        case "event log":
            return (folder / "htcondor.log").exists()
        case "jobs in the record":
            return "cluster:" in text
        case "commit":
            return str(new[0].relative_to(project.root)) in project.committed_records()
    return is_there(step, re.findall(r"intent: '?(\w+)", text)[0])


def kill_when(project: OnCluster, has_come: Callable[[], object], *words: str) -> bool:
    """Start a command and kill it at a chosen point; return whether it was still running then."""
    process = project.start(*words, real=True)
    wait_until(lambda: process.poll() is not None or has_come())
    in_time = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return in_time


def after(delay_s: float) -> Callable[[], bool]:
    """Return what is true some seconds from now."""
    moment = time.monotonic() + delay_s
    return lambda: time.monotonic() > moment


def kill_at(project: OnCluster, steps: tuple[str, ...], times: int, is_there: IsThere, *words: str) -> None:
    """Kill a command once at each step and, as often as `times` says, at random; at least one kill is in time."""
    chance = random.Random(SEED)
    in_time = []
    for step in steps:
        known = set(project.record_files())
        has_come = lambda s=step, k=known: happened(project, s, k, is_there)  # type: ignore[misc]  # noqa: E731
        in_time.append(kill_when(project, has_come, *words))
    for _ in range(times):
        in_time.append(kill_when(project, after(chance.uniform(0, SPAN_S)), *words))
    assert any(in_time)


def killed_once_submitted(project: OnCluster, submitted: Path, *words: str, env: Mapping[str, str]) -> Path:
    """Kill a command once its scheduler has jobs, but not yet told it so; return the file of its record.

    `env` has a scheduler's program that makes the file `submitted` then, and waits.
    """
    process = project.start(*words, env={**os.environ, **env})
    wait_until(submitted.exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (record,) = project.record_files()
    assert "cluster:" not in record.read_text()
    assert str(record.relative_to(project.root)) not in project.committed_records()
    return record


def settle(project: OnCluster) -> None:
    """Wait until every run has ended."""
    wait_until(lambda: not project.qanat("status", "--json").json["in_flight"])


def check_clean(project: OnCluster) -> None:
    """Check that every record is committed, and nothing else is left."""
    assert {str(path.relative_to(project.root)) for path in project.record_files()} == project.committed_records()
    assert project.status() == ""
    assert list((project.root / ".git/qanat/inflight").iterdir()) == []


def kill_retries(project: OnCluster) -> dict[str, str]:
    """Kill retries of four runs, half of whose groups fail; return the intents from before, by run."""
    project.experiment("half", 'exit "$2"\n')
    chance = random.Random(SEED)
    for _ in range(4):
        project.submit("half", "-R", "--n 0 2 1")
    settle(project)
    old = {record["id"]: record["submission"]["intent"] for record in project.records()}
    for number in range(1, 5):
        kill_when(project, after(chance.uniform(0.2, SPAN_S)), "retry", str(number))
    settle(project)
    return old


def check_retried(project: OnCluster, old: dict[str, str], was_submitted: Callable[[str], object]) -> None:
    """Check that each group that failed had a second attempt exactly if its intent was submitted."""
    for record in project.records():
        good, bad = record["groups"]
        assert (good["state"], good.get("attempt", 1)) == ("finished", 1)
        intent = record["submission"]["intent"]
        if intent == old[record["id"]]:
            assert (bad["state"], bad["exit_code"], bad.get("attempt", 1)) == ("failed", 1, 1)
        elif was_submitted(intent):
            assert (bad["state"], bad["exit_code"], bad["attempt"]) == ("failed", 1, 2)
        else:
            assert (bad["state"], bad["reason"], bad["attempt"]) == ("cancelled", NOTHING, 2)
    assert project.status() == ""


def pretend_elsewhere(project: OnCluster, host: str) -> None:
    """Let the record of run 1 say that it was launched on another machine, and check that only that one can tell."""
    (path,) = project.record_files()
    path.write_text(path.read_text().replace(f"host: {host}\n", "host: login02\n"))
    for journal in (project.root / ".git/qanat/inflight").iterdir():
        journal.unlink()
    said = project.qanat("status").err
    assert said == f"note: whether run 1 of {EXPERIMENT} was submitted can be determined only on login02\n"
    assert project.states() == ["queued"]


def number_of(path: Path) -> int:
    """Return the number of the run of a record."""
    return int(path.name.partition("-")[0])
