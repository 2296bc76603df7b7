"""Texts of strangers in every field of every file: no command sends a terminal or a report what acts on it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.everything import with_two_runs
from tests.support.hostile import HOSTILE, LEGITIMATE, acting
from tests.support.sandbox import Sandbox
from tests.support.terminal import Terminal

pytestmark = pytest.mark.slow
# Files have no lone surrogates and no null characters.
TEXT = " ".join(text for text in (*HOSTILE, *LEGITIMATE) if not re.search("[\0\ud800-\udfff]", text))
MARKDOWN = (
    "@octocat #1 https://evil.example www.evil.example [a](javascript:x) ![i](http://e/x.png) <img src=x> `` ` | ~~x~~"
)


def quoted(text: str) -> str:
    """Return a text as a double-quoted scalar of YAML, all ASCII."""
    return (
        '"'
        + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
        + '"'
    )


QUOTED = quoted(TEXT)
REFERENCES = "".join(f"&#{ord(c)};" for c in "\x1b]0;PWNED\x07\x9b2J\u202e\u200b")
COMMANDS = (
    "status",
    "status --json",
    "experiment status good",
    "experiment status good --json",
    "experiment list",
    "experiment show good",
    "experiment show good --json",
    "dataset list",
    "template list",
    "config show",
    "show 1",
    "show 1 --json",
    "runs",
    "runs --groups --json",
    "runs --csv",
    "runs --format markdown",
    "runs --format latex",
    "compare 1 2",
    "compare 1 2 --json",
    "compare 1 2 --csv",
    "compare 1 2 --format markdown",
    "diff HEAD",
    "diff HEAD --json",
    "diff HEAD --format markdown",
    "validate",
    "run good --dry-run",
    "run good --dry-run --json",
    "rerun 1 --dry-run",
    "retry 1",
    "cancel 1",
    "tag 1 x",
)
# What no terminal may get: the beginnings of sequences other than our own, and what hides or reorders text.
FORBIDDEN = ("\x1b]", "\x1bP", "\x9b", "\x9d", "\x07", "\x00", "\x85", *"\u061c\u200b\u202e\u2028\u2066\ufeff\u3164")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with one of everything, and two runs."""
    return with_two_runs(tmp_path_factory.mktemp("good") / "project")


def poison(root: Path) -> None:
    """Put hostile texts into every field that takes any text."""
    record = next((root / ".qanat/runs/good/0").glob("1-*.yaml"))
    replace(record, "description: number 1", f"description: {QUOTED}")
    replace(record, "args: [--lr", f"args: [{QUOTED}, --lr")
    replace(record, "exit_code: 0", f"exit_code: 0, reason: {QUOTED}, metrics: {{? {QUOTED} : 1.0, m: 2}}")
    replace(record, "author: ", f"author: {QUOTED} #")
    replace(record, "branch: ", f"branch: {QUOTED} #")
    record.with_suffix(".md").write_text(f"# {TEXT}\n\n* {TEXT}\n\n```\n{TEXT}\n```\n{MARKDOWN}\n\n{REFERENCES}\n")
    experiment = root / ".qanat/experiments/good.yaml"
    replace(experiment, "description: it is good", f"description: {QUOTED}")
    replace(experiment, "description: draws", f"description: {QUOTED}")
    replace(root / ".qanat/datasets/d.yaml", "description: all of it", f"description: {QUOTED}")
    replace(root / ".qanat/templates/slurm/t.yaml", "description: short", f"description: {QUOTED}")
    replace(root / ".qanat/config.yaml", "default_editor: ", f"default_editor: {QUOTED} #")
    for name in ("stdout.txt", "stderr.txt"):
        (root / "results/good/run_1" / name).write_text(TEXT)


def break_files(root: Path) -> None:
    """Put hostile texts where they are errors: in names, keys and values of a fixed form."""
    poison(root)
    (root / ".qanat/experiments/a\x1b]0;x\x07\u202e.yaml").write_text(f"schema: experiment/1\nname: {QUOTED}\n")
    (root / ".qanat/datasets/other.yaml").write_text(f"schema: dataset/1\nname: other\n? {QUOTED}\n: 1\n")
    replace(root / ".qanat/templates/slurm/t.yaml", "runner: slurm", f"runner: {QUOTED}")
    second = next((root / ".qanat/runs/good/0").glob("2-*.yaml"))
    replace(second, "state: finished", f"state: {QUOTED}")


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text, (before, text)
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize("change", [poison, break_files])
def test_no_output_acts_on_a_terminal(change: Callable[[Path], None], good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    change(house.root)
    for command in COMMANDS:
        result = house.qanat(*command.split(), code=None)
        assert result.code in (0, 1, 2, 3), (command, result.err)
        # Joiners and variation selectors belong to legitimate texts, and are checked by the unit tests.
        assert acting(result.out + result.err, lines=True) == [], command
    for line, place in (
        ("qanat show ", "2"),
        ("qanat run ", "2"),
        ("qanat experiment show ", "3"),
        ("qanat runs --where ", "3"),
    ):
        for shell in ("zsh", "bash", "fish"):
            env = {"_QANAT_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": place, "COMP_TYPE": "63"}
            assert acting(house.qanat(env=env).out, lines=True) == [], (shell, line)


@pytest.mark.parametrize("change", [poison, break_files])
def test_no_screen_gets_what_acts_on_it(change: Callable[[Path], None], good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    change(house.root)
    for words in (["status"], ["experiment", "status", "good"], ["show", "1"], ["logs", "1"], ["diff", "HEAD"]):
        with Terminal(house.root, *words) as terminal:
            terminal.ends()
        assert [mark for mark in FORBIDDEN if mark in terminal.raw] == [], words
    with Terminal(house.root, "explore", "good", "1", env={"PAGER": "cat"}) as terminal:
        for key in "abcd":
            terminal.see("Explore menu")
            terminal.press(key)
        terminal.ends_after("q")
    assert [mark for mark in FORBIDDEN if mark in terminal.raw] == []


def test_reports_link_to_nobody(good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    for number in "12":
        record = next((house.root / ".qanat/runs/good/0").glob(f"{number}-*.yaml"))
        replace(record, "args: [--lr", f"args: [--note, {quoted(MARKDOWN + number)}, --lr")
        replace(record, f"description: number {number}", f"description: {quoted(MARKDOWN)}")
        replace(record, "exit_code: 0", "exit_code: 0, metrics: {'@octocat': 1.0, 'https://evil.example': 2}")
    for command in ("compare 1 2 --format markdown", "runs --format markdown", "diff HEAD --format markdown"):
        shown = house.qanat(*command.split()).out
        assert "octocat" in shown
        outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|<code>.*?</code>", "", shown)
        assert re.search(r"@octocat|evil\.example|\]\(|<img|javascript", outside) is None, outside


def test_cells_of_csv_are_no_formulas(good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    record = next((house.root / ".qanat/runs/good/0").glob("1-*.yaml"))
    cells = ["=1+2", "+cmd", "-2+3", "@SUM(A1)", "\t=x", "\r=x", " =1", "-1.5", "+2e3", "plain"]
    given = ", ".join(f"--p{i}, {quoted(cell)}" for i, cell in enumerate(cells))
    replace(record, "args: [--lr", f"args: [{given}, --lr")
    replace(record, "exit_code: 0", "exit_code: 0, metrics: {'=HYPERLINK(1)': -1.5}")
    headings, row, *_ = csv.reader(io.StringIO(house.qanat("compare", "1", "2", "--csv").out))
    found = dict(zip(headings, row, strict=True))
    shown = [found[f"p{i}"] for i in range(len(cells))]
    assert shown[:4] == ["'=1+2", "'+cmd", "'-2+3", "'@SUM(A1)"]
    assert shown[6:] == [" '=1", "-1.5", "+2e3", "plain"]
    assert shown[4:6] == ["\t'=x", r"\r'=x"]
    assert found["'=HYPERLINK(1)"] == "-1.5"
