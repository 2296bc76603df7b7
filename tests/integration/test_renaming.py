"""Renaming an experiment: its runs stay with it, whatever is merged later."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support import clones
from tests.support.sandbox import Sandbox

PLOT = {"plot": {"executable": "plain.sh", "executable_command": "sh"}}


@pytest.fixture
def renamed(sandbox: Sandbox) -> Sandbox:
    """Return a project in which the experiment `plain`, with one run, is called `simple` now."""
    sandbox.experiment("plain", "exit 0\n", actions=PLOT, tags=["old"])
    sandbox.qanat("run", "plain")
    result = sandbox.qanat("experiment", "update", "plain", "--name", "simple", "--commit")
    assert (
        result.out == "Renamed .qanat/experiments/plain.yaml to .qanat/experiments/simple.yaml\nCommitted both files\n"
    )
    return sandbox


def listed(sandbox: Sandbox, name: str) -> list[str]:
    return [r["id"] for r in sandbox.qanat("experiment", "status", name, "--json").json]


def test_a_renamed_experiment_keeps_its_runs(renamed: Sandbox) -> None:
    assert renamed.status() == ""
    content = yaml.safe_load((renamed.root / ".qanat/experiments/simple.yaml").read_text())
    assert (content["name"], content["formerly"], content["tags"]) == ("simple", ["plain"], ["old"])
    assert not (renamed.root / ".qanat/experiments/plain.yaml").exists()
    assert renamed.record()["experiment"] == "plain"
    renamed.qanat("run", "simple")
    ids = [r["id"] for r in renamed.records()]
    assert sorted(listed(renamed, "simple")) == sorted(ids)
    assert "Number of runs: 2\n" in renamed.qanat("experiment", "status", "simple").out
    assert renamed.qanat("status", "--json").json["runs"] == {"simple": {"finished": 2}}
    assert renamed.qanat("action", "simple", "plot", "1").code == 0
    renamed.qanat("experiment", "rerun", "simple", "1")
    renamed.qanat("compare", "1", "2")
    renamed.qanat("experiment", "run_comment", "simple", "1", "-m", "the first")
    assert "no problem" in renamed.qanat("validate").out
    assert renamed.status() == ""


def test_the_old_name_still_finds_the_experiment_and_its_definition_says_the_new_one(renamed: Sandbox) -> None:
    renamed.qanat("run", "plain")
    assert renamed.record(2)["experiment"] == "simple"
    assert sorted(listed(renamed, "plain")) == sorted(listed(renamed, "simple"))
    result = renamed.qanat("experiment", "show", "plain", code=2)
    assert result.err == "qanat: experiment 'plain' does not exist\n  hint: it was renamed to simple\n"


def test_a_commit_from_before_the_renaming_can_be_run(renamed: Sandbox) -> None:
    renamed.qanat("run", "simple", "--commit_sha", "HEAD~1")
    assert renamed.record(2)["experiment"] == "simple"


def test_names_add_up_and_going_back_is_possible(renamed: Sandbox) -> None:
    renamed.qanat("experiment", "update", "simple", "--name", "third", "--commit")
    assert len(listed(renamed, "third")) == 1
    renamed.qanat("experiment", "update", "third", "--name", "plain", "--commit")
    content = yaml.safe_load((renamed.root / ".qanat/experiments/plain.yaml").read_text())
    assert content["formerly"] == ["simple", "third"]
    assert len(listed(renamed, "plain")) == 1
    assert "no problem" in renamed.qanat("validate").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("update simple --name other", "experiment 'other' already exists"),
        ("update other --name plain", "experiment 'simple' was formerly called 'plain'"),
        ("update simple --name ../up", "experiment name '../up' may contain only"),
        ("update nope --name x", "experiment 'nope' does not exist"),
        ("update simple --name x --tag y", "--name cannot be used with other changes"),
        (
            "new --name plain --executable plain.sh --executable-command sh",
            "experiment plain: name: experiment 'simple' was",
        ),
    ],
)
def test_a_name_that_is_or_was_anothers_is_refused(renamed: Sandbox, words: str, said: str) -> None:
    renamed.experiment("other", "exit 0\n")
    result = renamed.qanat("experiment", *words.split(), code=2)
    assert result.err.startswith(f"qanat: {said}"), result.err
    assert renamed.status() == ""


def test_names_that_two_experiments_claim_are_problems(renamed: Sandbox) -> None:
    renamed.experiment("other", "exit 0\n", formerly=["simple", "plain"])
    said = renamed.qanat("validate", code=1).out
    assert "other.yaml:6: item 1 of formerly: 'simple' is the name of another experiment" in said
    assert "was also called 'plain'" in said


def test_a_branch_with_runs_and_changes_under_the_old_name_merges(tmp_path: Path) -> None:
    two = clones.make(tmp_path)
    keys = {
        "description": "Says whether it works",
        "path": "experiments/plain",
        "tags": ["first"],
        "workdir": "project",
    }
    two.ada.experiment("plain", clones.SCRIPT, **keys)
    two.ada.qanat("run", "plain")
    two.share()
    two.ada.qanat("experiment", "update", "plain", "--name", "simple", "--commit")
    two.ada.qanat("run", "simple")
    two.bob.qanat("experiment", "update", "plain", "--description", "as Bob has it", "--commit")
    two.bob.qanat("run", "plain")
    two.bob.qanat("tag", "1", "add", "bobs")
    two.merge_bobs()
    assert two.ada.status() == ""
    assert len(listed(two.ada, "simple")) == 3
    content = yaml.safe_load((two.ada.root / ".qanat/experiments/simple.yaml").read_text())
    assert (content["name"], content["description"]) == ("simple", "as Bob has it")
    assert two.ada.record(1)["tags"] == ["bobs"]
    assert "no problem" in two.ada.qanat("validate").out


def test_an_experiment_with_former_names_is_deleted_with_all_its_runs(renamed: Sandbox) -> None:
    renamed.qanat("run", "simple")
    assert "with 2 runs" in renamed.qanat("experiment", "delete", "simple", "--yes", "--commit").out
    assert renamed.records() == []


def claiming(sandbox: Sandbox, name: str, former: str) -> None:
    """Define an experiment that says it had a name."""
    sandbox.experiment(name, "exit 0", formerly=[former])


def runs_of(sandbox: Sandbox) -> dict[str, int]:
    """Count the runs that `status` lists for each experiment."""
    lines = [line.split() for line in sandbox.qanat("status").out.splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) > 2 and words[1].isdecimal()}


def test_nobody_gets_the_runs_of_an_experiment_by_claiming_its_name(sandbox: Sandbox) -> None:
    sandbox.experiment("plain", "exit 0")
    sandbox.qanat("run", "plain")
    claiming(sandbox, "thief", "plain")
    assert runs_of(sandbox)["plain"] == 1
    assert "thief.yaml" in (said := sandbox.qanat("validate", code=1).out)
    assert "item 1 of formerly: 'plain' is the name of another experiment" in said
    assert "Number of runs: 0" in sandbox.qanat("experiment", "status", "thief").out
    sandbox.qanat("experiment", "delete", "thief", "--yes", "--commit")
    assert len(sandbox.records()) == 1


def test_a_former_name_that_two_experiments_claim_belongs_to_neither(sandbox: Sandbox) -> None:
    sandbox.experiment("old", "exit 0")
    sandbox.qanat("run", "old")
    sandbox.qanat("experiment", "update", "old", "--name", "new", "--commit")
    assert runs_of(sandbox) == {"new": 1}
    claiming(sandbox, "thief", "old")
    assert runs_of(sandbox) == {"old": 1}
    said = sandbox.qanat("validate", code=1).out.splitlines()
    assert [line.partition("experiments/")[2].partition(":")[0] for line in said] == ["new.yaml", "thief.yaml"]
    assert "item 1 of formerly: 'thief' was also called 'old'" in said[0]
    assert "item 1 of formerly: 'new' was also called 'old'" in said[1]
