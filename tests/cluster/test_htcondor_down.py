"""A pool that is down, frozen or gone, and broken settings: no command hangs or crashes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from qanat.system.installation import to_add
from tests.cluster.htcondor_pool import Pool
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import WAIT, wait_until
from tests.support.sandbox import Result

pytestmark = pytest.mark.xdist_group("fourth htcondor")

# It is 5 s on a machine that has nothing else to do. HTCondor itself gives up after 20 s, or never.
PATIENCE_S = 12.0


@contextmanager
def stopped(pool: Pool) -> Iterator[None]:
    """Stop the whole pool inside the `with` block."""
    pool.stop()
    try:
        yield
    finally:
        pool.start()


@contextmanager
def port_closed(pool: Pool) -> Iterator[None]:
    """Close the schedd's port inside the `with` block."""
    old = pool.daemon("SCHEDD")
    try:
        with pool.frozen("MASTER"):
            os.kill(old, signal.SIGKILL)
            yield
    finally:
        pool.await_another("SCHEDD", old)


@contextmanager
def frozen(pool: Pool) -> Iterator[None]:
    """Make the schedd accept connections but never answer inside the `with` block."""
    with pool.frozen("SCHEDD"):
        yield


@contextmanager
def broken_settings(pool: Pool) -> Iterator[None]:
    """Add a line to the configuration file that ends any process that reads it."""
    before = pool.config.read_text()
    pool.config.write_text(f"{before}these are just words\n")
    try:
        yield
    finally:
        pool.config.write_text(before)


@contextmanager
def no_settings(pool: Pool) -> Iterator[None]:
    """Hide the configuration file."""
    away = pool.config.with_suffix(".away")
    pool.config.rename(away)
    try:
        yield
    finally:
        away.rename(pool.config)


Trouble = Callable[[Pool], AbstractContextManager[None]]
TROUBLES = {
    stopped: "Unable to locate local daemon.",
    port_closed: "Failed to connect",
    frozen: "the schedd did not answer within 4 s",
    broken_settings: "Configuration Error Line",
    no_settings: "Unable to locate local daemon.",
}


@pytest.fixture
def two_runs(on_pool: OnPool) -> OnPool:
    """Return a project whose run 1 is running and whose run 2 is queued, as has just been polled."""
    on_pool.experiment("wait", WAIT)
    on_pool.submit("wait", str(on_pool.gate()), "0")
    on_pool.submit("wait", str(on_pool.gate()), "0", "--submit_template", "never")
    on_pool.begun()
    on_pool.wait_for_states("running")
    assert on_pool.states(2) == ["queued"]
    return on_pool


def at_once(project: OnPool, commands: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], Result]:
    """Run commands, which must end with these exit codes and must not hang, all at the same time."""
    begun = time.monotonic()
    started = {words: project.start(*words) for words in commands}
    said = {words: process.communicate() for words, process in started.items()}
    assert time.monotonic() - begun < PATIENCE_S
    results = {words: Result(started[words].returncode, *said[words]) for words in commands}
    for words, result in results.items():
        assert result.code == commands[words], f"{words}\n{result.out}\n{result.err}"
        assert "Traceback" not in result.err
    return results


LOOKS = (("experiment", "status", "wait"), ("logs", "1"), ("show", "2"), ("status", "--json"))
ACTS = (("cancel", "2"), ("hold", "2"), ("release", "1"), ("run", "wait", "x", "--runner", "htcondor"))
STATUS, SHOW, DELETE = ("status",), ("show", "1", "--json"), ("delete", "1", "--yes")


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.__name__)
def test_what_was_last_seen_is_shown_with_its_moment_and_nothing_else_is_done(
    two_runs: OnPool, trouble: Trouble
) -> None:
    with trouble(two_runs.pool):
        codes = dict.fromkeys((STATUS, SHOW, *LOOKS), 0) | dict.fromkeys(ACTS, 3) | {DELETE: 2}
        said = at_once(two_runs, codes)
        (note,) = said[STATUS].err.splitlines()
        # Event logs are files, and can be read whatever happened to the pool; a broken bindings cannot.
        assert re.fullmatch(r"note: HTCondor did not answer \(.*\); runs 1, 2 shown as of 2\S+ \S+", note), note
        assert TROUBLES[trouble] in note
        state = said[SHOW].json["groups"][0]["state"]
        # Stopping the pool ends its programs, and the event log may tell.
        assert state == "running" or (trouble is stopped and state == "queued")
        for words in LOOKS:
            assert "as of" in said[words].err, words
        for words in ACTS:
            assert "qanat: HTCondor cannot be reached: " in said[words].err, words
            assert said[words].err.count(TROUBLES[trouble]) >= 1, words
        assert re.search(r"run 1 is still (running|queued), so it cannot be deleted without --cancel", said[DELETE].err)
        assert len(two_runs.record_files()) == 2
        assert not two_runs.storage("wait", 3).exists()
        assert two_runs.status() == ""

        # Its end is in a file, for which nobody need be asked.
        two_runs.gate().touch()
        if trouble is not stopped:
            two_runs.ended()
            assert two_runs.states() == ["finished"]
    wait_until(lambda: two_runs.qanat("status").err == "")
    two_runs.wait_for_states("finished")
    assert two_runs.states(2) == ["queued"]


def test_the_hints_say_what_to_look_at(on_pool: OnPool, tmp_path: Path) -> None:
    on_pool.experiment("none", "exit 0\n")
    words = ("run", "none", "--runner", "htcondor")
    missing = tmp_path / "nowhere"
    said = on_pool.qanat(*words, env={"CONDOR_CONFIG": str(missing)}, code=3).err
    assert said.endswith(f"  hint: CONDOR_CONFIG names {missing}, which does not exist\n")
    said = on_pool.qanat(*words, env={"CONDOR_CONFIG": "ONLY_ENV"}, code=3).err
    assert said.endswith("  hint: check whether the pool is up: condor_q\n")


def test_without_the_bindings_one_sentence_says_how_to_get_them(on_pool: OnPool, tmp_path: Path) -> None:
    on_pool.experiment("none", "exit 0\n")
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow/htcondor2.py").write_text("raise ImportError('no bindings')\n")
    paths = os.pathsep.join(filter(None, [str(tmp_path / "shadow"), os.environ.get("PYTHONPATH")]))
    said = on_pool.qanat("run", "none", "--runner", "htcondor", env={"PYTHONPATH": paths}, code=3)
    assert said.err == (
        "qanat: HTCondor cannot be reached: HTCondor's Python bindings are not installed: no bindings\n"
        f"  hint: {to_add('htcondor')}\n"
    )


def test_a_run_of_another_schedds_is_not_looked_for_on_this_one(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    record = on_pool.submit("none", "--submit_template", "never")
    on_pool.write(".qanat/config.yaml", "schema: config/1\ngrace: {unknown_s: 0}\n")
    path = on_pool.record_files()[0]
    path.write_text(path.read_text().replace(record["submission"]["details"]["schedd"], "other.example"))
    said = at_once(on_pool, {STATUS: 0})[STATUS].err
    assert "note: HTCondor did not answer (" in said
    assert "other.example" in said
    assert on_pool.states() == ["queued"]
    path.write_text(path.read_text().replace("other.example", record["submission"]["details"]["schedd"]))
    assert on_pool.states() == ["queued"]
    assert on_pool.qanat("cancel", "1").out == "Run 1 of none cancelled\n"


def test_a_run_that_was_submitted_from_another_machine_is_looked_at_from_this_one(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.submit("none")
    path = on_pool.record_files()[0]
    path.write_text(path.read_text().replace(f"host: {os.uname().nodename}\n", "host: login02\n"))
    on_pool.wait_for_states("finished")
