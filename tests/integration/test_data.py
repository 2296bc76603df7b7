"""Data on the command line: how they are tracked, their status, and what runs say about them."""

from __future__ import annotations

import qanat
from tests.support.sandbox import Sandbox


def test_data_that_change_are_seen_by_every_command(sandbox: Sandbox) -> None:
    sandbox.write(".git/info/exclude", "/big/\n/results/\n")
    for name in ("1", "2"):
        sandbox.write(f"big/{name}", name)
    sandbox.qanat("dataset", "new", "--name", "big", "--path", "big", "--track", "hash", "--commit")
    sandbox.experiment("train", "exit 0\n", datasets=["big"])
    sandbox.qanat("run", "train")
    first = sandbox.record()["data"]
    assert [(row["name"], row["track"], row["files"]) for row in first] == [("big", "hash", 2)]
    sandbox.write("big/3", "3")

    status = sandbox.qanat("dataset", "status").out.splitlines()
    assert status[0].startswith("big (big): sha256 ")
    assert status[1:] == ["  changed since run 1 of train: 3 files, was 2 (3 B, was 2 B)"]
    (known,) = sandbox.qanat("dataset", "status", "big", "--json").json
    assert known["data"]["files"] == 3
    assert [(run["experiment"], run["data"], run["same"]) for run in known["runs"]] == [("train", first[0], False)]

    said = sandbox.qanat("rerun", "1").err
    assert "warning: data differ from those of run 1: big: 3 files, was 2 (3 B, was 2 B)\n" in said
    assert "note: data changed" not in sandbox.qanat("run", "train").err
    note = "note: other data than for run 1: run 2 (big: 3 files, was 2 (3 B, was 2 B)), run 3 (big: 3 files, was 2"
    assert note in sandbox.qanat("compare", "1", "2", "3").err
    assert "other data" not in sandbox.qanat("compare", "2", "3").err
    table = sandbox.qanat("runs", "--columns", "run,run.data", "--csv").out.splitlines()
    assert [line.partition("-")[0] for line in table[1:]] == ["3", "2", "1"]
    assert all("big: sha256 " in line for line in table[1:])
    met = sandbox.qanat("runs", "--where", "data.big~'3 files'", "--columns", "run,data.*", "--csv").out.splitlines()
    assert [line.partition("-")[0] for line in met] == ["run,data.big", "3", "2"]
    assert all(",sha256 " in line.replace('"', "") for line in met[1:])
    wrong = sandbox.qanat("runs", "--where", "data.bog=1", code=2).err
    assert "no run has the parameter or metric 'data.bog'" in wrong
    assert qanat.open(sandbox.root).run(2).data["big"].files == 3
    assert "◾ big: sha256 " in sandbox.qanat("show", "2").out
    assert sandbox.qanat("show", "2", "--json").json["data"][0]["files"] == 3

    sandbox.qanat("dataset", "new", "--name", "web", "--path", "s3://bucket/web", "--commit")
    sandbox.experiment("other", "exit 0\n", datasets=["web"])
    sandbox.qanat("run", "other")
    assert "◾ web: s3://bucket/web\n" in sandbox.qanat("show", "4").out


def test_how_data_are_tracked_can_be_changed(sandbox: Sandbox) -> None:
    sandbox.write("data/a", "1")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data", "--command", "sh version.sh")
    assert sandbox.qanat("dataset", "show", "iris", "--json").json["track"] == "command"
    sandbox.qanat("dataset", "update", "iris", "--track", "git", "--no-check", code=2)
    sandbox.qanat("dataset", "update", "iris", "--track", "git")
    content = sandbox.qanat("dataset", "show", "iris", "--json").json
    assert (content["track"], "command" in content) == ("git", False)
    sandbox.write(".qanat/datasets/bad.yaml", "path: [\n")
    status = sandbox.qanat("dataset", "status")
    assert status.out == "iris (data): is in a repository, but not in its last commit\n"
    assert "note: .qanat/datasets/bad.yaml:" in status.err
    assert sandbox.qanat("dataset", "status", "gone", code=2).err.startswith("qanat: dataset 'gone' does not exist")
