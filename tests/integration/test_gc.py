"""Removing results to make room: what goes, what stays, what records say of it, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.gates import Gates
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, wait_until

CONFIG = ".qanat/config.yaml"
KEEP = "schema: config/1\nkeep: {tags: [paper], newest: 1, failed_days: 7}\n"
# The last argument is the storage directory.
SCRIPT = 'for d; do :; done\nhead -c 2000 /dev/zero >"$d/out.bin"\necho "{\\"acc\\": 1}" >"$d/metrics.json"\nexit $1'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with runs: 1 to 4 and 6 have finished, 3 is tagged, 4 has read the results of 2, 5 failed."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.experiment("train", SCRIPT)
    sandbox.experiment("score", SCRIPT)
    for words in (["train"], ["train"], ["train"], ["score", "0", "results/train/run_2/out.bin"]):
        sandbox.qanat("run", *words, *(["0"] if len(words) == 1 else []))
    sandbox.qanat("run", "train", "3", code=1)
    sandbox.qanat("run", "train", "0")
    sandbox.qanat("tag", "3", "add", "paper")
    sandbox.write(CONFIG, KEEP)
    sandbox.commit("settings")
    return sandbox


@pytest.fixture
def ran(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def here(sandbox: Sandbox) -> set[int]:
    """Return the numbers of the runs that have a directory of results."""
    return {int(folder.name.partition("_")[2]) for folder in (sandbox.root / "results").glob("*/run_*")}


def removed(sandbox: Sandbox) -> set[int]:
    """Return the numbers of the runs whose records say that their results were removed."""
    return {int(record["id"].partition("-")[0]) for record in sandbox.records() if "results" in record}


def kept(sandbox: Sandbox, *words: str) -> dict[int, str | None]:
    """Return why the results of each run stay, by its number; None if they may go."""
    plan = json.loads(sandbox.qanat("gc", "--plan", "--json", *words).out)
    return {int(run["id"].partition("-")[0]): run["kept"] for run in plan["runs"]}


def test_results_go_by_the_settings_and_every_command_knows(ran: Sandbox) -> None:
    assert kept(ran) == {
        6: "is the newest",
        5: "ended less than 7 days ago",
        4: "is the newest",
        3: "is tagged paper",
        2: "run 4 has read them",
        1: None,
    }
    text = ran.qanat("gc", "--plan").out
    assert "Would be removed: the results of 1 run (" in text
    assert here(ran) == {1, 2, 3, 4, 5, 6}
    head = ran.git("rev-parse", "HEAD")
    assert "hint: use --yes" in ran.qanat("gc", code=2).err
    result = ran.qanat("gc", "--failed-days", "0", "--yes")
    assert "Removed the results of 2 runs (" in result.out
    assert here(ran) == {2, 3, 4, 6}
    assert removed(ran) == {1, 5}
    assert ran.git("rev-parse", "HEAD~1") == head
    assert ran.git("log", "-1", "--format=%s") == "qanat: results of 2 runs removed"
    assert violations(ran) == []
    assert ran.qanat("gc", "--plan", "--failed-days", "0").out.count("Nothing would be removed") == 1

    said = "the results of run 1 were removed on 20"
    assert "  - 🧹 Results: removed on " in ran.qanat("show", "1").out
    assert said in ran.qanat("logs", "1", code=2).err
    assert said in ran.qanat("rerun", "1", "--check").err
    assert (
        "1      removed"
        in ran.qanat("runs", "train", "--where", "run.results=removed", "--columns", "run,run.results").out
    )
    assert "run 5 cannot be retried: its results were removed on 20" in ran.qanat("retry", "5", code=2).err
    assert (
        "no files of runs 5, 1: the results were removed"
        in ran.qanat("export", "1", "5", "--format", "ro-crate", "--output", "crate").err
    )
    assert "2 runs without results now" in ran.qanat("diff", head).out
    assert "Results" not in ran.qanat("show", "2").out
    ran.qanat("validate")
    ran.qanat("report", "--out", "report.html")
    assert '"removed"' in (ran.root / "report.html").read_text()


def test_what_something_needs_stays(ran: Sandbox) -> None:
    (one,) = [record["id"] for record in ran.records() if record["id"].startswith("1-")]
    words = ("--newest", "0", "--failed-days", "0", "--tag", "none")
    assert {run for run, why in kept(ran, *words).items() if why is None} == {1, 2, 3, 4, 5, 6}
    ran.write("paper.md", f"It is <!-- qanat:{one}:acc -->1<!-- /qanat -->.\n")
    (ran.root / "best").symlink_to("results/train/run_3/out.bin")
    ran.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: results/score/run_4\n")
    (ran.root / "results/train/run_5/again").symlink_to("../run_6/out.bin")
    ran.git("add", "-f", "results/train/run_5/out.bin")
    assert kept(ran, *words) == {
        6: "run 5 has read them",
        5: "git tracks results/train/run_5/out.bin",
        4: "dataset d names them",
        3: "the link best leads to them",
        2: "run 4 has read them",
        1: "paper.md refers to it",
    }
    assert "Needed, and so kept" in ran.qanat("gc", "1", "2", "3", "--plan").out
    ran.git("status")  # what was copied is unlike the index until then, and would be left alone
    ran.git("sparse-checkout", "set", "--cone", ".qanat/runs/train/1", "results")
    assert "is not checked out" in ran.qanat("gc", "--plan", code=2).err
    ran.git("sparse-checkout", "disable")
    ran.record_files()[0].write_text("broken")
    assert "what it needs is not known" in ran.qanat("gc", "--plan", code=2).err


def test_links_are_removed_and_what_they_lead_to_stays(ran: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("x")
    (ran.root / "results/train/run_1/data").symlink_to(tmp_path / "data")
    ran.qanat("gc", "1", "--yes")
    assert here(ran) == {2, 3, 4, 5, 6}
    assert (tmp_path / "data/x").read_text() == "x"


def test_a_run_that_is_active_keeps_its_results(ran: Sandbox) -> None:
    gates = Gates(ran)
    process = gates.start(run=7)
    assert kept(ran, "7")[7] == "it is running"
    gates.open()
    process.communicate(timeout=60)


def test_wrong_requests_are_refused(ran: Sandbox) -> None:
    assert "there is no rule for others" in ran.qanat("gc", "1", "--newest", "1", code=2).err
    assert "--plan cannot be used with --yes" in ran.qanat("gc", "--plan", "--yes", code=2).err
    assert "run 9 does not exist" in ran.qanat("gc", "9", code=2).err
    ran.write(CONFIG, "schema: config/1\nkeep: {newest: few}\n")
    assert ":2: keep.newest: 'few' is not a whole number" in ran.qanat("gc", code=2).err
    ran.write(CONFIG, "schema: config/1\n")
    assert "say what to keep in the settings" in ran.qanat("gc").out


def test_clones_in_which_results_were_removed_and_tagged_are_merged(ran: Sandbox) -> None:
    ran.git("branch", "other")
    ran.qanat("gc", "1", "--yes")
    ran.git("checkout", "--quiet", "other")
    ran.qanat("tag", "1", "add", "seen")
    ran.git("merge", "--quiet", "--no-edit", "main")
    (one,) = [record for record in ran.records() if record["id"].startswith("1-")]
    assert one["tags"] == ["seen"]
    assert one["results"].keys() == {"removed"}
    assert ran.qanat("validate").out


def test_after_a_kill_records_and_directories_agree(ran: Sandbox) -> None:
    for number in (1, 2, 3, 5):
        for name in range(1500):
            (ran.root / f"results/train/run_{number}/{name}").touch()
    process = ran.start("gc", "--newest", "0", "--failed-days", "0", "--tag", "none", "--yes")
    wait_until(lambda: len(here(ran)) < 6)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    ran.qanat("status")
    assert here(ran) | removed(ran) == {1, 2, 3, 4, 5, 6}
    assert not here(ran) & removed(ran)
    assert violations(ran) == []
    ran.qanat("gc", "--newest", "0", "--failed-days", "0", "--tag", "none", "--yes")
    assert removed(ran) == {1, 2, 3, 4, 5, 6}
    assert [path.name for path in (ran.root / "results").glob("*/*")] == []
    assert violations(ran) == []


def test_a_record_that_a_kill_left_behind_is_completed(ran: Sandbox) -> None:
    from qanat.records import removals
    from qanat.records.removals import Removing

    private = ran.root / ".git/qanat"
    (record,) = [path.relative_to(ran.root).as_posix() for path in ran.record_files() if path.name.startswith("1-")]
    folder = ran.root / "results/train/run_1"
    still = {record.replace("/1-", "/0-"): str(ran.root / "results/train/run_2")}
    removals.note(
        private, Removing("a" * 16, "2026-11-30T12:00:00+00:00", str(ran.root), {record: str(folder)} | still)
    )
    folder.rename(ran.root.parent / "elsewhere")
    ran.qanat("status")
    assert "\nresults: {removed: 2026-11-30T12:00:00+00:00}\n" in (ran.root / record).read_text()
    assert removed(ran) == {1}
    assert ran.git("log", "-1", "--format=%s") == "qanat: results of run 1 of train removed"
    assert violations(ran) == []
    assert list((private / "removals").iterdir()) == []
