"""Runs whose qanat was killed: what the next command makes of them."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from qanat.system import processes
from tests.support.forks import FORKS
from tests.support.gates import SCRIPT, Gates, is_running
from tests.support.invariants import violations
from tests.support.killing import EXPERIMENT, RUNS, Killer, kill_run, make_project, random_moment
from tests.support.sandbox import Sandbox, wait_until
from tests.support.spool import spool_at
from tests.support.written import let_qanat_have_written

pytestmark = pytest.mark.slow
SEED = 7
KILLS = 12
# Python runs this when it starts: qanat is killed between the start of a program and the journal's line about it.
KILLED_AFTER_THE_START = """\
import os, signal

spawn = os.posix_spawn

def spawn_and_die(*args, **options):
    spawn(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)

os.posix_spawn = spawn_and_die
"""


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    return Gates(sandbox)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that has nothing to do with qanat."""
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as process:
        yield process
        process.kill()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill qanat, and nothing else, as `kill -9` does."""
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def journalled(sandbox: Sandbox, groups: int = 1) -> None:
    """Wait until qanat has noted the start of so many groups, which it does just after starting them."""
    wait_until(lambda: journal_of(sandbox).read_text().count('"job"') == groups)


def live_record(sandbox: Sandbox) -> dict[str, object]:
    """Return the newest run of the experiment according to `experiment status`."""
    return sandbox.qanat("experiment", "status", "wait", "--json").json[0]


def journal_of(sandbox: Sandbox) -> Path:
    (path,) = (sandbox.root / ".git/qanat/inflight").iterdir()
    return path


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (3, "failed")])
def test_a_program_that_outlives_its_qanat_is_shown_running_and_gets_its_true_end(
    gates: Gates, code: int, state: str
) -> None:
    sandbox = gates.sandbox
    kill(gates.start(code=code))
    live = live_record(sandbox)
    assert live["state"] == "running"
    assert sandbox.qanat("status", "--json").json["in_flight"] == [live["id"]]
    assert "▶ running" in sandbox.qanat("experiment", "status", "wait").out
    assert sandbox.committed_records() == set()
    gates.open()
    gates.ended()
    assert sandbox.qanat("status").err == ""
    record = sandbox.record()
    (group,) = record["groups"]
    assert (record["state"], group["state"], group["exit_code"]) == (state, state, code)
    assert record["started"] <= record["ended"]
    info = yaml.safe_load((gates.storage() / "info.yaml").read_text())
    assert (info["status"], info["end_time"]) == (state, record["ended"])
    assert violations(sandbox) == []


def killed_after_the_start(gates: Gates) -> Path:
    """Start a run whose qanat is killed before it notes the start of the program; return its storage directory."""
    folder = gates.sandbox.root.parent / "killed"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(KILLED_AFTER_THE_START)
    process = gates.start(env={**os.environ, "PYTHONPATH": str(folder)})
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert [line for line in journal_of(gates.sandbox).read_text().splitlines() if "started" in json.loads(line)] == []
    return gates.storage()


def test_a_program_that_started_just_before_its_qanat_was_killed_has_a_start(gates: Gates) -> None:
    sandbox = gates.sandbox
    # A process's start is known to a hundredth of a second, a file's time a little less.
    earliest = datetime.now(UTC) - timedelta(seconds=0.02)
    storage = killed_after_the_start(gates)
    latest = datetime.fromtimestamp((storage / "begun").stat().st_mtime, UTC) + timedelta(seconds=0.02)
    live = live_record(sandbox)
    assert live["state"] == "running"
    assert earliest <= datetime.fromisoformat(live["groups"][0]["started"]) <= latest
    gates.open()
    gates.ended()
    sandbox.qanat("status")
    record = sandbox.record()
    (group,) = record["groups"]
    assert (record["state"], group["exit_code"]) == ("finished", 0)
    assert earliest <= group["started"] <= latest
    assert (record["started"], record["ended"]) == (group["started"], group["ended"])
    assert violations(sandbox) == []


def test_a_program_that_started_and_died_beside_its_qanat_is_not_said_never_to_have_started(gates: Gates) -> None:
    killed_after_the_start(gates)
    live = live_record(gates.sandbox)
    processes.end_family("QANAT_JOB", intent_of(gates.sandbox), None, 0)
    gates.sandbox.qanat("status")
    (group,) = gates.sandbox.record()["groups"]
    assert live["state"] == "running"
    assert group["state"] == "lost"
    assert group["reason"] == "how it ended is unknown: no completion.json in run_1 and no process of it"


def intent_of(sandbox: Sandbox) -> str:
    (file,) = sandbox.record_files()
    return f"{yaml.safe_load(file.read_text())['submission']['intent']}:0"


def test_a_program_that_died_with_its_qanat_is_lost_and_the_record_says_what_was_looked_at(gates: Gates) -> None:
    sandbox = gates.sandbox
    process = gates.start()
    journalled(sandbox)
    kill(process)
    (group,) = live_record(sandbox)["groups"]
    os.killpg(os.getpgid(int(group["job"])), signal.SIGKILL)
    wait_until(lambda: not is_running(int(group["job"])))
    said = sandbox.qanat("status").err
    assert said == "note: run 1 of wait was interrupted: its qanat process was killed; continue with: qanat retry 1\n"
    (group,) = sandbox.record()["groups"]
    assert group["state"] == "lost"
    assert group["reason"] == (f"how it ended is unknown: no completion.json in run_1 and no process {group['job']}")
    assert "exit_code" not in group
    assert "❓ lost" in sandbox.qanat("experiment", "status", "wait").out
    assert violations(sandbox) == []


def test_groups_get_their_true_ends_and_those_that_had_not_begun_are_cancelled(gates: Gates) -> None:
    sandbox = gates.sandbox
    words = [f"{gates.path(name)} {code}" for name, code in [("a", 0), ("b", 4), ("c", 0), ("d", 0)]]
    process = sandbox.start("run", "wait", "-j", "2", *(word for g in words for word in ("-g", g)))
    gates.begun(1, 0)
    gates.begun(1, 1)
    gates.open("a")
    gates.begun(1, 2)
    journalled(sandbox, 3)
    kill(process)
    gates.open("b")
    gates.ended(1, 1)
    groups = live_record(sandbox)["groups"]
    assert [g["state"] for g in groups] == ["finished", "failed", "running", "cancelled"]
    os.killpg(os.getpgid(int(groups[2]["job"])), signal.SIGKILL)
    wait_until(lambda: not is_running(int(groups[2]["job"])))
    sandbox.qanat("status")
    record = sandbox.record()
    assert record["state"] == "lost"
    assert [g["state"] for g in record["groups"]] == ["finished", "failed", "lost", "cancelled"]
    assert [g.get("exit_code") for g in record["groups"]] == [0, 4, None, None]
    assert record["groups"][3]["reason"] == "not started: qanat was killed before that"
    assert not gates.storage(1, 3).joinpath("begun").exists()
    assert violations(sandbox) == []


def test_metrics_of_a_program_that_outlived_its_qanat_are_recorded(sandbox: Sandbox) -> None:
    sandbox.experiment("wait", SCRIPT.replace("exit", 'echo \'{"acc": 0.25}\' >"$4/metrics.json"\nexit'))
    process = sandbox.start("run", "wait", str(sandbox.root.parent / "gate"), "0")
    storage = sandbox.root / "results/wait/run_1"
    wait_until((storage / "begun").exists)
    kill(process)
    (sandbox.root.parent / "gate").touch()
    wait_until((storage / "completion.json").exists)
    sandbox.qanat("status")
    assert sandbox.record()["groups"][0]["metrics"] == {"acc": 0.25}


@pytest.mark.parametrize("with_journal", [True, False])
def test_a_stranger_with_the_numbers_of_a_dead_run_is_not_taken_for_it_and_not_touched(
    gates: Gates, stranger: subprocess.Popen[bytes], with_journal: bool
) -> None:
    sandbox = gates.sandbox
    kill(gates.start())
    gates.open()
    gates.ended()
    (gates.storage() / "completion.json").unlink()
    _say_pid(sandbox, stranger.pid, "0:1", with_journal=with_journal)
    sandbox.qanat("status")
    assert sandbox.record()["state"] == "lost"
    assert stranger.poll() is None
    assert violations(sandbox) == []
    assert is_running(stranger.pid)


@pytest.mark.parametrize("with_journal", [True, False])
def test_a_process_with_the_number_and_the_start_of_a_runs_qanat_is_that_qanat(
    gates: Gates, stranger: subprocess.Popen[bytes], with_journal: bool
) -> None:
    """The counterpart of the previous test: number and start together are what counts."""
    sandbox = gates.sandbox
    kill(gates.start())
    gates.open()
    gates.ended()
    _say_pid(sandbox, stranger.pid, processes.start_of(stranger.pid) or "", with_journal=with_journal)
    assert sandbox.qanat("status", "--json").json["in_flight"] != []
    stranger.kill()
    stranger.wait()
    sandbox.qanat("status")
    assert sandbox.record()["state"] == "finished"


def _say_pid(sandbox: Sandbox, pid: int, start: str, *, with_journal: bool) -> None:
    """Make the journal and the record, or only the record, say that qanat and its program were this process."""
    journal = journal_of(sandbox)
    first, *rest = [json.loads(line) for line in journal.read_text().splitlines()]
    first |= {"pid": pid, "process_start": start}
    for line in rest:
        line |= {"job": str(pid), "details": {"process_start": start}}
    journal.write_text("".join(json.dumps(line) + "\n" for line in (first, *rest)))
    (file,) = sandbox.record_files()
    text, count = re.subn(r"\bpid: \d+", f"pid: {pid}", file.read_text())
    text, starts = re.subn(r"process_start: [^,}\n]+", f"process_start: '{start}'", text)
    assert (count, starts) == (1, 1)
    file.write_text(text)
    let_qanat_have_written(file)
    if not with_journal:
        journal.unlink()


def test_a_journal_that_was_cut_short_tells_what_it_can(gates: Gates) -> None:
    sandbox = gates.sandbox
    kill(gates.start())
    journal = journal_of(sandbox)
    journal.write_bytes(journal.read_bytes() + b'{"group": 0, "end": {"state": "fin')
    gates.open()
    gates.ended()
    sandbox.qanat("status")
    assert sandbox.record()["state"] == "finished"
    assert violations(sandbox) == []


def test_a_journal_that_says_nothing_is_in_nobodys_way_and_goes(sandbox: Sandbox) -> None:
    """As a kill between creating the file and writing its first line leaves it."""
    sandbox.experiment("fails", "exit 1\n")
    sandbox.qanat("run", "fails", code=1)
    sandbox.qanat("run", "fails", code=1)
    folder = sandbox.root / ".git/qanat/inflight"
    for number in (1, 2):
        file = folder / f"{sandbox.record(number)['id']}.jsonl"
        file.touch()
        os.utime(file, (1_600_000_000, 1_600_000_000))
    sandbox.qanat("retry", "1", code=1)
    assert sandbox.record(1)["groups"][0]["attempt"] == 2
    sandbox.qanat("status")
    assert list(folder.iterdir()) == []
    assert violations(sandbox) == []


def test_another_run_can_be_started_beside_a_program_whose_qanat_was_killed(gates: Gates) -> None:
    sandbox = gates.sandbox
    kill(gates.start())
    gates.open("other")
    sandbox.qanat("run", "wait", str(gates.path("other")), "0")
    assert sandbox.record(2)["state"] == "finished"
    assert sandbox.qanat("status", "--json").json["in_flight"] == [sandbox.record(1)["id"]]
    gates.open()
    gates.ended()
    sandbox.qanat("status")
    assert sandbox.record(1)["state"] == "finished"
    assert violations(sandbox) == []


def test_whenever_qanat_is_killed_nothing_is_broken_and_nothing_is_lost(tmp_path: Path) -> None:
    """The times are random, but the same in every session; benchmarks/kill_runs.py does this two hundred times."""
    sandbox = make_project(tmp_path / "project")
    chance = random.Random(SEED)
    kills = []
    for _ in range(KILLS):
        committed = sandbox.committed_records()
        kills.append(kill_run(sandbox, chance.choice(RUNS), random_moment(chance)))
        assert violations(sandbox, committed) == [], kills[-1]
    assert any(k.in_time for k in kills)


def test_whenever_other_commands_are_killed_nothing_is_broken_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs here and submitted ones, retries, deletions and cancellations, among others."""
    sandbox = make_project(tmp_path / "project")
    for words in (*RUNS, RUNS[0]):
        sandbox.qanat("run", EXPERIMENT, *words, code=None)
    kills = []
    with spool_at(tmp_path / "spool") as known, FORKS.also(PYTHONPATH=known["PYTHONPATH"]):
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        killer = Killer(sandbox, random.Random(SEED))
        for _ in range(KILLS):
            kill, problems = killer.kill()
            assert problems == [], kill
            kills.append(kill)
    assert any(k.in_time for k in kills)
