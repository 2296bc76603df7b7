"""Retries by a policy that cannot begin yet, as commands show and end them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.test_other_runners import Packages, path_with
from tests.support.forks import FORKS
from tests.support.sandbox import Sandbox

# Like the one that forgets its jobs, but it takes none while there is a file beside the project.
PICKY = """\
from pathlib import Path
from forgetful import Forgetful
from qanat.runners.api import SubmitFailed

class Picky(Forgetful):
    name, title = "picky", "the picky scheduler"
    def submit(self, batch):
        if Path("../full").exists():
            raise SubmitFailed("the queue is full")
        return super().submit(batch)
"""
PENDING = "retry pending: group 0, attempt 2 of 3, tried again after "


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder in which one test after the other installs packages."""
    folder = tmp_path_factory.mktemp("site packages")
    with FORKS.also(PYTHONPATH=path_with(folder)):
        yield folder


@pytest.fixture
def picky(site: Path, sandbox: Sandbox) -> Packages:
    """Return packages with a runner that takes no more jobs, once run 1 has failed, which is to be retried."""
    packages = Packages(site, sandbox)
    (site / "picky.py").write_text(PICKY)
    packages.install("qanat-picky", "picky", "picky:Picky")
    content = {"schema": "experiment/1", "name": "end", "executable": "end.sh", "executable_command": "sh"}
    content["retry"] = {"when": [{"exit_code": [75]}], "times": 2}
    sandbox.write("end.sh", 'exit "$1"\n')
    sandbox.write(".qanat/experiments/end.yaml", yaml.safe_dump(content))
    sandbox.commit()
    packages.qanat("run", "--runner", "picky", "end", "-g", "75", "-g", "0", "-g", "3")
    (sandbox.root.parent / "full").touch()
    return packages


def test_a_retry_that_cannot_be_submitted_is_shown(picky: Packages) -> None:
    assert (
        "its groups could not be retried: the queue is full; a later command tries again" in picky.qanat("status").err
    )
    said = picky.qanat("status").out
    assert "\n0 active runs\n" in said
    assert f"⏳ run 1: {PENDING}" in said
    assert said.endswith(" (it failed before: the queue is full)\n")
    assert f"◾ {PENDING}" in picky.qanat("show", "1").out
    assert PENDING in picky.qanat("experiment", "status", "end").out
    (pending,) = picky.qanat("status", "--json").json["retries"]
    assert pending["groups"] == [{"group": 0, "attempt": 2}]
    late = picky.qanat("wait", "1", "--timeout", "1s", code=124)
    assert f"note: run 1: {PENDING}" in late.err
    assert "run 1 is still active after 1s: a retry of it is pending\n" in late.err


def test_a_pending_retry_can_be_cancelled(picky: Packages, sandbox: Sandbox) -> None:
    said = picky.qanat("cancel", "1")
    assert (said.out, said.err) == ("Run 1 of end will not be retried; it has failed\n", "")
    (sandbox.root.parent / "full").unlink()
    assert "retry pending" not in picky.qanat("status").out
    assert picky.qanat("cancel", "1", code=2).err == "qanat: run 1 of end has already ended: failed\n"
    assert not any("attempt" in group for group in sandbox.record()["groups"])


def test_pending_retries_of_groups_can_be_cancelled(picky: Packages) -> None:
    said = picky.qanat("cancel", "1", "--group", "0", "--group", "1", code=2)
    assert said.out == "Group 0 of run 1 will not be retried; it has failed\n"
    assert said.err == "qanat: group 1 of run 1 has already ended: finished\n"
    assert "retry pending" not in picky.qanat("status").out
    said = picky.qanat("cancel", "1", "--group", "0", code=2)
    assert said.err == "qanat: run 1 of end has already ended: failed\n"


def test_a_command_that_ends_a_run_does_not_retry_it_first(picky: Packages, sandbox: Sandbox) -> None:
    (sandbox.root.parent / "full").unlink()
    assert "will not be retried" in picky.qanat("cancel", "1").out
    picky.qanat("run", "--runner", "picky", "end", "75")
    assert picky.qanat("delete", "2", "--yes").err == ""
    picky.qanat("run", "--runner", "picky", "end", "75")
    said = picky.qanat("retry", "3", "--retry", "0")
    assert "Run 3 of end: 1 group, picky, results/end/run_3\n" in said.err
