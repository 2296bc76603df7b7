"""The example of a runner in another package: what its page shows, and how it parses the scheduler's answers."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qanat.runners import api
from qanat.runners.api import JobBatch, JobSpec, JobStatus, RunnerDefaults, State
from tests.support.packages import ROOT
from tests.support.pages import blocks_of

EXAMPLE = ROOT / "examples/gridengine-runner"
PAGE = ROOT / "docs/runners.md"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the runner's module."""
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("qanat_gridengine.runner")


@pytest.fixture
def asking(runner: Any) -> Any:
    """Return the module that asks the scheduler."""
    return importlib.import_module("qanat_gridengine.asking")


def batch(name: str = "x_4", **details: Any) -> JobBatch:
    jobs = [JobSpec(g, ("true",), Path("/w"), Path(f"/it's/group_{g}"), attempt=g) for g in (2, 7)]
    return JobBatch("4-7f3a9c", name, "c0ffee", Path("/it's"), details.pop("options", {}), tuple(jobs), **details)


def test_what_the_page_shows_is_what_the_example_is() -> None:
    files = [path.read_text() for pattern in ("*.toml", "*.py", "*/*.py") for path in EXAMPLE.glob(pattern)]
    shown = [block.text for block in blocks_of(PAGE)]
    assert len(shown) >= 8
    assert [text for text in shown if not any(text in file for file in files)] == []


def test_the_names_that_the_page_promises_are_there() -> None:
    promised = re.findall(r"^\| `(qanat\.[a-z_.]+)` \| (.*) \|$", PAGE.read_text(), flags=re.MULTILINE)
    assert {module for module, _ in promised} >= {
        "qanat.runners.api",
        "qanat.runners.api.job_script",
        "qanat.testing",
    }
    for module, names in promised:
        found = pkgutil.resolve_name(module)
        missing = [name for name in re.findall(r"`(\w+)`", names) if not hasattr(found, name)]
        assert (module, missing) == (module, [])


def test_the_page_names_the_protocols_that_the_defaults_offer() -> None:
    page = PAGE.read_text()
    protocols = re.findall(r"^\| `([A-Z]\w+)` \| `", page, flags=re.MULTILINE)
    assert len(protocols) >= 9
    offered = [name for name in protocols if isinstance(RunnerDefaults(), getattr(api, name))]
    (named,) = re.findall(r"`RunnerDefaults`\s+offers (.*)\.$", page, flags=re.MULTILINE)
    assert re.findall(r"`(\w+)`", named) == offered


def test_an_array_has_a_task_for_each_job_whatever_its_group(runner: Any) -> None:
    text = runner.script(batch())
    said = subprocess.run(
        ["/bin/sh", "-c", text.replace("exec ", "printf '%s|' ")],
        env={"SGE_TASK_ID": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "/bin/sh|/it's/job.sh|/it's/group_7|7|7|"


def test_options_are_those_of_qsub_and_resources_are_all_others(runner: Any) -> None:
    options = {"h_vmem": "4G", "-pe": "smp 4", "-V": True, "-notify": False, "-hold_jid": [3, 4], "exclusive": True}
    assert runner.option_arguments(options) == [
        *("-l", "h_vmem=4G", "-pe", "smp", "4", "-V", "-hold_jid", "3,4", "-l", "exclusive=True")
    ]
    assert runner.qsub(batch(max_running=3))[2:12] == ["-N", "x_4", "-A", "c0ffee", "-t", "1-2", "-tc", "3", "-wd", "/"]
    assert runner.qsub(batch("4x_4"))[3] == "q4x_4"


def test_tasks_that_follow_each_other_are_one_word(runner: Any) -> None:
    assert runner.spans(["12.10", "9.1", "12.9", "12.2", "9.2", "9.3"]) == ["9.1-3:1", "12.2-2:1", "12.9-10:1"]
    assert runner.spans([]) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("qw", State.QUEUED),
        ("hqw", State.HELD),
        ("hr", State.RUNNING),
        ("t", State.RUNNING),
        ("Rr", State.RUNNING),
        ("dr", State.RUNNING),
        ("s", State.HELD),
        ("S", State.HELD),
        ("Eqw", State.HELD),
    ],
)
def test_states_of_qstat_are_read(asking: Any, state: str, expected: State) -> None:
    row = {"state": state, "queue_name": "main.q@node7", "JAT_start_time": "2026-11-24T12:20:03"}
    status = asking.status_in_queue(row)
    assert status.state is expected
    assert bool(status.reason) == (expected is State.HELD)


@pytest.mark.parametrize(
    ("failed", "code", "expected"),
    [
        ("0", "0", (State.FINISHED, 0, None, "")),
        ("0", "3", (State.FAILED, 3, None, "exit code 3")),
        (
            "100 : assumedly after job",
            "137                  (Killed)",
            (State.FAILED, None, 9, "Grid Engine: failed 100 : assumedly after job"),
        ),
    ],
)
def test_rows_of_accounting_are_read(asking: Any, failed: str, code: str, expected: tuple[Any, ...]) -> None:
    row = {"failed": failed, "exit_status": code, "end_time": "Tue Nov 24 12:20:06 2026", "hostname": "node7"}
    status: JobStatus = asking.status_in_accounting(row)
    assert (status.state, status.exit_code, status.signal, status.reason) == expected
    assert status.ended == "2026-11-24T12:20:06+00:00"
