"""What notebooks show of runs: tables in which nothing acts, and one line of progress."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import qanat
from qanat.api.progress_line import ProgressLine
from tests.support.world import World

MEASURES = """\
echo '{"acc": 0.5}' >"$4/metrics.json"
[ "$2" != 1 ] || { echo "<bad seed>" >&2; exit 1; }
"""
EVIL = "<script>alert(1)</script>\x1b[2J&amp;"


class Cells(HTMLParser):
    """The texts of a piece of HTML, and the names of its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Keep a name."""
        self.names.add(tag)


def test_a_run_is_a_table_of_its_first_groups(world: World, project: qanat.Project) -> None:
    world.write(
        "train.sh", 'echo \'{"acc": 0.5}\' >"$4/metrics.json"; [ "$2" != 1 ] || { echo "<bad seed>" >&2; exit 1; }\n'
    )
    world.git("commit", "--quiet", "--all", "--message", "program")
    run = project.launch("train", ranges=["--seed 0 25"])
    shown = Cells(run._repr_html_())
    assert shown.texts[:2] == ["Run 1 of train: failed", f"{run.id} · commit {run.commit[:10]} · {run.path}"]
    assert shown.texts[2:10] == ["group", "arguments", "state", "acc", "0", "--seed 0", "finished", "0.5"]
    assert "failed (exit code 1)" in shown.texts
    assert shown.texts[-2:] == ["… and 5 more", f"1 failed: <bad seed>; see {run.path}/group_1/stderr.txt"]


def test_runs_are_a_table_without_anything_that_acts(world: World, project: qanat.Project) -> None:
    assert project.runs()._repr_html_() == "<i>no runs</i>"
    run = project.launch("train", ["--name", EVIL], description=EVIL, tags=[EVIL])
    project.launch("train", ["--lr", "0.1"])
    for text in (project.runs()._repr_html_(), run._repr_html_()):
        assert Cells(text).names <= {"table", "thead", "tbody", "tr", "th", "td", "b", "br"}
        assert "\x1b" not in text
        assert r"<script>alert(1)</script>\x1b[2J&amp;" in " ".join(Cells(text).texts)
    texts = Cells(project.runs()._repr_html_()).texts
    assert texts[:4] == ["run", "experiment", "description", "state"]
    assert texts[8:13] == [project.runs()[0].id, "train", "lr=0.1", "finished", "1"]


def test_progress_is_one_line_that_is_drawn_over_itself(
    world: World, project: qanat.Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("train.sh", '[ "$2" != 1 ]\n')
    world.git("commit", "--quiet", "--all", "--message", "program")
    project.launch("train", ranges=["--seed 0 4"], on_progress=True)
    out = capsys.readouterr().out
    assert out.startswith("\rrun 1: ░░░░░░░░░░░░░░░░░░░░ 0/4 ended, 4 queued\r")
    assert out.endswith("\n")
    assert out.rpartition("\r")[2].rstrip() == "run 1: ████████████████████ 4/4 ended, 1 failed"
    assert out.count("\n") == 1
    project.launch("train")
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))
    project.launch("train", on_progress=False)
    assert capsys.readouterr().out == ""
    project.launch("train")
    assert capsys.readouterr().out.startswith("\rrun 4: ")


def test_progress_is_not_drawn_for_each_of_many_groups(capsys: pytest.CaptureFixture[str], world: World) -> None:
    line = ProgressLine()
    for ended in range(20_001):
        counts = {"queued": 20_000 - ended, "finished": ended}
        line(qanat.Progress("1-abcdef", world.root, {state: count for state, count in counts.items() if count}))
    line.close()
    out = capsys.readouterr().out
    assert out.count("\r") < 100
    assert out.rpartition("\r")[2].rstrip() == "run 1: ████████████████████ 20,000/20,000 ended"
