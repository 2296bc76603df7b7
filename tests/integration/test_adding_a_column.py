"""The walk "A column in the tables of runs" of CONTRIBUTING.md, walked in a copy of the program."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, RunnerChoice, State
from qanat.records import run_codec
from tests.support.sandbox import Result, Sandbox, call
from tests.unit.records.example import RUN

ROOT = Path(__file__).parents[2]
TABLE = "qanat/domain/columns.py"


def section(title: str) -> str:
    """Return a section of CONTRIBUTING.md."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def walked(tmp_path: Path) -> Path:
    """Return a copy of the program in which the field of the walk follows that of the runner."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "qanat", copy / "qanat", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schemas", copy / "schemas")
    (field,) = re.findall(r"```python\n(.*?)```", section("A column in the tables of runs"), re.DOTALL)
    text = (copy / TABLE).read_text()
    runner = re.search(r"^    runner: .*\n", text, re.MULTILINE)
    assert runner
    (copy / TABLE).write_text(text[: runner.end()] + field + text[runner.end() :])
    return copy


def test_a_new_column_is_in_index_summary_table_and_json_after_a_change_of_one_file(
    sandbox: Sandbox, walked: Path
) -> None:
    sandbox.experiment("summary_iris", "exit 0")
    waiting = Group(0, ("--n", "10"), State.QUEUED)
    for run in (
        RUN,
        replace(RUN, number=5, author="Bob <bob@example.org>", groups=(waiting,), runner=RunnerChoice("x")),
    ):
        sandbox.write(run_codec.path_of(run), run_codec.encode(run).decode())
    sandbox.commit("records")
    # There is an index already, with the old columns.
    assert "Author" not in sandbox.qanat("experiment", "status", "summary_iris").out

    def qanat(*words: str) -> Result:
        code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from qanat.cli.main import main; main()"
        return call([sys.executable, "-c", code, str(walked), *words], sandbox.root, env=dict(os.environ))

    head, *rows = qanat("experiment", "status", "summary_iris").out.partition("⏳ Runs:\n")[2].splitlines()
    assert re.sub(" {2,}", "  ", head) == (
        "🆔 ID  💬 Description  📁 Path  🖥 Runner  ✍ Author  📆 Launch date  ⏱ Duration  🔍 Status  ⏳ Progress"
    )
    for row, author in zip(rows, ("Bob <bob@example.org>", "Ada L. <ada@example.org>"), strict=True):
        assert author in re.split(" {2,}", row)
    (file,) = (sandbox.root / ".git/qanat").glob("index*")
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT author FROM runs ORDER BY number").fetchall() == [
            ("Ada L. <ada@example.org>",),
            ("Bob <bob@example.org>",),
        ]
    database.close()
    (active,) = qanat("status", "--json").json["active_runs"]
    assert (active["id"], active["author"]) == ("5-7f3a9c", "Bob <bob@example.org>")
    # Back to the old columns: the index follows again.
    assert "Author" not in sandbox.qanat("experiment", "status", "summary_iris").out


def test_the_walk_touches_the_file_that_it_names_and_no_other() -> None:
    named = set(re.findall(r"`(qanat/[\w/]+\.py)`", section("A column in the tables of runs")))
    assert named == {TABLE}
    headings = re.findall(r"lambda run: run\.author", "".join(p.read_text() for p in (ROOT / "qanat").rglob("*.py")))
    assert headings == []
