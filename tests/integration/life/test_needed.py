"""Groups that have been run already, on the command line and in Python."""

from __future__ import annotations

import pytest

import qanat
from qanat.errors import UsageError
from tests.support.sandbox import Sandbox


def test_what_has_been_run_is_left_out(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0\n")
    sandbox.qanat("run", "train", "-R", "--seed 0 2 1")
    rows = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--dry-run", "--json").json
    assert [row["status"] for row in rows] == ["done", "done", "new"]
    assert [row.get("run_group") for row in rows] == [0, 1, None]
    assert [row["run"] for row in rows[:2]] == [sandbox.record()["id"]] * 2
    assert [row["key"] for row in rows[:2]] == [row["key"] for row in sandbox.record()["groups"]]
    shown = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--dry-run").out
    assert "\n  done (run 1, group 1)\n" in shown
    assert shown.endswith("\n  new\n3 groups (1 new, 2 done); nothing was run or written\n")

    said = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--needed").err
    assert said.startswith("note: 2 of 3 groups were run already, in run 1: results/train/run_1\n")
    nothing = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--needed")
    assert nothing.out == ""
    assert nothing.err.endswith("\nnothing to run: every group has been run already\n")
    assert len(sandbox.records()) == 2
    page = sandbox.qanat("show", "2").out
    assert f"Left out: 2 groups, in run {sandbox.records()[0]['id']}\n" in page
    key = sandbox.records()[1]["groups"][0]["key"]
    assert f"Key: {key}\n" in page
    assert (
        sandbox.qanat("runs", "--where", f"key={key}", "--columns", "run,key", "--csv")
        .out.splitlines()[1]
        .endswith(key)
    )

    refused = sandbox.qanat("run", "train", "--ignore", "code", code=2)
    assert "--ignore requires --needed" in refused.err
    refused = sandbox.qanat("rerun", "1", "--check", "--needed", code=2)
    assert "--check compares a whole run" in refused.err
    refused = sandbox.qanat("run", "train", "--needed", "--ignore", "weather", code=2)
    assert "'weather' is not one of" in refused.err

    project = qanat.open(sandbox.root)
    with pytest.warns(UserWarning, match="1 of 1 group was run already, in run 2"):
        assert project.launch("train", ["--seed", 2], needed=True).number == 2
    with pytest.raises(UsageError, match="ignore requires needed=True"):
        project.launch("train", ignore=["code"])
    with pytest.raises(TypeError, match="ignore is a list of strings"):
        project.launch("train", needed=True, ignore="code")
