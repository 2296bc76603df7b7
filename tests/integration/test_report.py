"""`qanat report` on the command line; tests/browser opens what it writes."""

from __future__ import annotations

import json
import os
import re
import shlex

from tests.browser.test_report import add_runs
from tests.support.images import png
from tests.support.pages import ROOT
from tests.support.report_runs import sweep
from tests.support.sandbox import Sandbox


def test_a_report_says_which_groups_can_be_pooled(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0", seed="--fold")
    sandbox.commit()
    for fold in ("1", "2"):
        sandbox.qanat("run", "train", "--fold", fold)
    (sandbox.root / "more.py").write_text("1\n")
    sandbox.commit()
    sandbox.qanat("run", "train", "--fold", "3")
    content = sandbox.qanat("report", "--json").json
    assert content["seeds"] == {"train": ["--fold"]}
    assert {run["number"]: run.get("code", 0) for run in content["runs"]} == {1: 0, 2: 0, 3: 1}


def test_a_report_is_written_where_it_was_asked_for(sandbox: Sandbox) -> None:
    sandbox.experiment("train", 'echo "no data" >&2; exit 3')
    sandbox.commit()
    sandbox.qanat("run", "train", "--lr", "0.1", code=1)
    sandbox.qanat("run", "train", "--lr", "0.2", code=1)
    said = sandbox.qanat("report", "--where", "lr>0.1", "--out", "page.html")
    assert said.out.startswith("page.html: 1 run, ")
    assert "no data" in (sandbox.root / "page.html").read_text()
    content = sandbox.qanat("report", "1", "--json").json
    assert [run["details"]["failures"][0]["lines"] for run in content["runs"]] == [["no data"]]
    assert sandbox.status() == "?? page.html"
    assert sandbox.qanat("report").out.startswith("report.html: 2 runs, ")
    assert sandbox.status() == "?? page.html"  # git ignores report.html
    before = (sandbox.root / "report.html").read_bytes()
    none = sandbox.qanat("report", "--where", "state=running", code=2)
    assert "no run meets the condition, so no report was written" in none.err
    assert (sandbox.root / "report.html").read_bytes() == before
    nothing = sandbox.qanat("report", "--where", "state=running", "--json").json
    assert (nothing["runs"], nothing["notes"]) == ([], ["no run meets the condition"])
    printed = sandbox.qanat("report", "1", "--out", "-").out
    sandbox.qanat("report", "1", "--out", "page.html")
    created = re.compile('"created": "[^"]*", "views"')
    assert len(created.findall(printed)) == 1
    assert created.sub("", printed) == created.sub("", (sandbox.root / "page.html").read_text())
    assert sandbox.qanat("report", "1", "--json", "--out", "data.json").out.startswith("data.json: 1 run, ")
    content = json.loads((sandbox.root / "data.json").read_text())
    assert [run["number"] for run in content["runs"]] == [1]
    assert "no such file or directory" in sandbox.qanat("report", "--out", "none/page.html", code=1).err
    assert "is a directory" in sandbox.qanat("report", "--out", ".git", code=2).err
    assert "run 7 does not exist" in sandbox.qanat("report", "7", code=2).err
    assert "a value is missing after '<'" in sandbox.qanat("ui", "--where", "lr<", code=2).err
    assert sandbox.qanat("report", "--out", "data.json").out.startswith("data.json: 2 runs, ")
    (sandbox.root / "link.html").symlink_to(sandbox.root.parent / "elsewhere.html")
    sandbox.commit("a link")
    assert "is a symbolic link in git" in sandbox.qanat("report", "--out", "link.html", code=2).err
    assert not (sandbox.root.parent / "elsewhere.html").exists()


def test_a_file_that_is_no_report_is_not_replaced(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0")
    (sandbox.root / "notes.html").write_text("<!doctype html>\n<p>mine\n")
    (sandbox.root / "empty.html").touch()
    sandbox.commit()
    for out in (["train.sh"], ["notes.html"], ["train.sh", "--json"]):
        refused = sandbox.qanat("report", "--out", *out, code=2)
        assert f"{out[0]} exists and is not a report of qanat" in refused.err
        assert "hint: name a new file" in refused.err
    assert sandbox.status() == ""
    os.mkfifo(sandbox.root / "pipe")
    assert "pipe exists and is not a report" in sandbox.qanat("report", "--out", "pipe", code=2).err
    assert sandbox.qanat("report", "--out", "empty.html").out.startswith("empty.html: 0 runs, ")
    assert "no such file or directory" in sandbox.qanat("report", "--json", "--out", "none/x.json", code=1).err
    assert not (sandbox.root / "none").exists()


def test_a_folder_is_written_over_an_earlier_report_and_nothing_else(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "true")
    sandbox.qanat("experiment", "update", "train", "--figure", "plots/*.svg", "--figure", "*.png")
    sandbox.commit()
    sandbox.qanat("run", "train", "--lr", "0.1")
    storage = sandbox.root / "results/train/run_1"
    (storage / "plots").mkdir()
    (storage / "plots/net.svg").write_text("<svg/>")
    (storage / "loss.png").write_bytes(png(9))
    (figures,) = [group["figures"] for group in sandbox.qanat("report", "--json").json["runs"][0]["groups"]]
    assert [(each["name"], each["bytes"]) for each in figures] == [("loss.png", len(png(9))), ("plots/net.svg", 6)]
    said = sandbox.qanat("report", "--folder", "a report").out
    assert said.startswith("a report: 1 run, ")
    folder = sandbox.root / "a report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "curves.html",
        "data.html",
        "figures",
        "images.html",
        "index.html",
    ]
    assert [path.read_bytes() for path in (folder / "figures").iterdir()] == [png(9)]
    (folder / "figures/mine.png").write_text("kept")
    (storage / "loss.png").unlink()
    sandbox.qanat("report", "--folder", "a report")
    assert [path.name for path in (folder / "figures").iterdir()] == ["mine.png"]
    (sandbox.root / "docs").mkdir()
    (sandbox.root / "docs/index.html").write_text("mine")
    refused = sandbox.qanat("report", "--folder", "docs", code=2)
    assert "docs has files that are not of a report" in refused.err
    assert (sandbox.root / "docs/index.html").read_text() == "mine"
    for option, *value in (["--json"], ["--out", "page.html"]):
        both = sandbox.qanat("report", "--folder", "x", option, *value, code=2).err
        assert f"--folder cannot be used with {option}\n  hint: leave out one of them" in both


def test_a_file_that_would_be_large_is_not_and_a_folder_is_proposed(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "true")
    sandbox.qanat("experiment", "update", "train", "--figure", "*.png")
    sandbox.commit()
    sandbox.qanat("run", "train", "--lr", "0.1")
    for name in ("a", "b", "c"):
        (sandbox.root / f"results/train/run_1/{name}.png").write_bytes(png(9) + bytes(9_000_000))
    said = sandbox.qanat("report")
    assert "note: 2 figures left out of this file, which would have 36.0 MB of data; write a folder" in said.err
    assert (sandbox.root / "report.html").stat().st_size < 20_000_000
    assert "left out" not in sandbox.qanat("report", "--folder", "whole").err


def test_figures_outside_of_the_storage_directory_are_refused(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "true")
    refused = sandbox.qanat("experiment", "update", "train", "--figure", "../*.png", code=2)
    assert "../*.png is not inside the storage directory" in refused.err
    other = sandbox.qanat("experiment", "update", "train", "--figure", "*.pdf", code=2)
    assert "*.pdf does not name images that a browser shows: png, jpg, jpeg, svg, webp, gif" in other.err
    file = sandbox.root / ".qanat/experiments/train.yaml"
    file.write_text(f"{file.read_text()}figures: [plots/*.png, '*.eps']\n")
    assert "item 2 of figures: *.eps does not name images" in sandbox.qanat("validate", code=1).out


def test_the_commands_of_its_page_work(sandbox: Sandbox) -> None:
    add_runs(sandbox, sweep(12))
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/report.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line, comments=True) for line in "".join(blocks).splitlines()]
    assert len(commands) >= 8
    for program, *words in commands:
        assert program == "qanat"
        sandbox.qanat(*words)
    assert {path.name for path in sandbox.root.glob("*.html")} == {"report.html", "baselines.html"}
