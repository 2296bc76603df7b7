"""The PBS runner (examples/pbs-runner): on its stand-in it does what every runner must do, and it reads what PBS says.

No real PBS can be installed here. What rows look like is from the manual pages of OpenPBS.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from qanat.runners.api import JobHandle, JobStatus, Runner, RunnerUnavailable, State, UsageError
from qanat.testing import Place, RunnerContract
from tests.support.forks import FORKS
from tests.support.packages import ROOT

pytestmark = pytest.mark.xdist_group("pbs")

EXAMPLE = ROOT / "examples/pbs-runner"
INTENT = "80e596f8af5998b4"
VARIABLES = {"PBS_O_HOME": "/home/ada", "QANAT_INTENT": f"run-{INTENT}"}
STARTED, ENDED = "Mon Nov 23 05:17:56 2026", "Mon Nov 23 05:20:07 2026"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install the example as users do, into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(folder), str(EXAMPLE)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with FORKS.also(PYTHONPATH=os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))):
        yield folder


@pytest.fixture
def stand_in(installed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process and its children find the example, and the programs of the stand-in; return their folder."""
    folder = tmp_path_factory.mktemp("pbs")
    subprocess.run([sys.executable, EXAMPLE / "stand_in/pbs.py", "install", folder], check=True)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    return folder / "bin"


def made() -> Any:
    """Return the runner."""
    return importlib.import_module("qanat_pbs.runner").PBSRunner()


@pytest.mark.slow
class TestPBS(RunnerContract):
    options = {"walltime": "1:00:00"}
    waiting = {"-a": "203001010000"}
    impossible = {"no_such_resource": 1}
    refused = {"-N": "mine", "-J": "1-3"}

    @pytest.fixture(autouse=True)
    def on_stand_in(self, stand_in: Path) -> None:
        """Use the stand-in."""

    def make(self) -> Runner:
        """Return the runner."""
        runner: Runner = made()
        return runner

    def test_whole_arrays_can_be_held_and_released(self, place: Place) -> None:
        runner = made()
        place.options = {**self.options, **self.waiting}
        submitted = place.submit(runner, place.gated(), place.gated(group=1))
        place.wait_for_states(runner, submitted.all, State.QUEUED)
        with pytest.raises(UsageError, match="PBS holds and releases whole arrays only"):
            runner.hold([submitted[0]])
        runner.hold(submitted.all)
        place.wait_for_states(runner, submitted.all, State.HELD)
        runner.release(submitted.all)
        place.wait_for_states(runner, submitted.all, State.QUEUED)
        assert set(runner.why_waiting(submitted.all).values()) == {"Not Running: it has to wait"}
        runner.cancel(submitted.all)
        place.wait_for_states(runner, submitted.all, State.CANCELLED)


# ---- what rows say


def status(installed: Path, monkeypatch: pytest.MonkeyPatch, **row: object) -> JobStatus:
    """Return the status that the attributes of a job give."""
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setenv("TZ", "UTC")
    found: JobStatus = importlib.import_module("qanat_pbs.asking").status_of(row)
    return found


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Q", State.QUEUED),
        ("W", State.QUEUED),
        ("T", State.QUEUED),
        ("H", State.HELD),
        ("S", State.HELD),
        ("U", State.HELD),
        ("R", State.RUNNING),
        ("E", State.RUNNING),
        ("F", None),
        ("X", None),
        ("?", None),
    ],
)
def test_every_state_of_pbs_has_one_of_ours(
    installed: Path, monkeypatch: pytest.MonkeyPatch, state: str, expected: State | None
) -> None:
    assert status(installed, monkeypatch, job_state=state).state is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, (State.FINISHED, 0, None, "")),
        (3, (State.FAILED, 3, None, "exit code 3")),
        (271, (State.FAILED, None, 15, "")),
        (265, (State.FAILED, None, 9, "")),
        (-27, (State.FAILED, None, None, "OUT_OF_MEMORY: exceeded its memory")),
        (-29, (State.FAILED, None, None, "exceeded the time limit")),
        (-3, (State.FAILED, None, None, "PBS could not run it (Exit_status -3)")),
    ],
)
@pytest.mark.parametrize("as_text", [True, False])
def test_an_exit_status_says_how_a_job_ended(
    installed: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: tuple[object, ...], as_text: bool
) -> None:
    row = {"job_state": "F", "Exit_status": str(code) if as_text else code, "mtime": ENDED, "exec_host": "n7/2*4"}
    found = status(installed, monkeypatch, **row)
    assert (found.state, found.exit_code, found.signal, found.reason) == expected
    assert (found.host, found.ended is not None) == ("n7", True)


def test_an_end_without_a_time_is_not_taken_for_one(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert status(installed, monkeypatch, job_state="F", Exit_status=0, mtime="?").state is None
    running = status(installed, monkeypatch, job_state="R", stime=STARTED, exec_host="n7/0")
    assert running.started is not None
    assert status(installed, monkeypatch, job_state="F", Exit_status=0, history_timestamp=1795411207).ended is not None


@pytest.mark.parametrize(
    "rows",
    [
        {"7.s": {"Variable_List": VARIABLES}},
        {"7.s": {"Variable_List": ",".join(f"{name}={value}" for name, value in VARIABLES.items())}},
    ],
)
def test_the_intent_is_in_the_variables(
    installed: Path, monkeypatch: pytest.MonkeyPatch, rows: Mapping[str, Any]
) -> None:
    monkeypatch.syspath_prepend(installed)
    asking = importlib.import_module("qanat_pbs.asking")
    assert asking.intent_of("7.s", rows) == INTENT
    assert asking.intent_of("8.s", rows) == ""
    assert asking.intent_of("7[3].s", {"7[].s": rows["7.s"], "7[3].s": {}}) == INTENT


def answering(stand_in: Path, text: str) -> None:
    """Let qstat be a script."""
    (stand_in / "qstat").write_text(f"#!/bin/sh\n{text}\n")


HANDLE = JobHandle(INTENT, 0, "7.s")


def test_answers_that_are_no_json_are_a_problem_and_no_end(stand_in: Path) -> None:
    answering(stand_in, """printf '{"Jobs": {"7.s": {"Job_Name": 0123}}}'""")
    seen = made().poll([HANDLE])
    assert seen.statuses[HANDLE].state is None
    assert "qstat printed what is not JSON" in seen.problem


def test_a_server_that_does_not_answer_is_a_problem(stand_in: Path) -> None:
    answering(stand_in, "echo 'qstat: cannot connect to server s (errno=111)' >&2; exit 111")
    assert "PBS does not answer" in made().poll([HANDLE]).problem
    for act in (made().check, lambda: made().cancel([HANDLE])):
        with pytest.raises(RunnerUnavailable, match="PBS does not answer"):
            act()


def test_without_history_jobs_that_are_there_are_seen(stand_in: Path) -> None:
    row = f'{{"Jobs": {{"7.s": {{"job_state": "R", "Variable_List": {{"QANAT_INTENT": "run-{INTENT}"}}}}}}}}'
    refusal = "qstat: PBS is not configured to maintain job history"
    answering(stand_in, f"case \" $* \" in *' -x '*) echo '{refusal}' >&2; exit 1 ;; esac\necho '{row}'")
    assert made().poll([HANDLE]).statuses[HANDLE].state is State.RUNNING
