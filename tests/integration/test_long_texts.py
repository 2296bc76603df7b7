"""Texts of megabytes in any field of any file: what a command prints, takes and lasts depends on what it shows.

Every field goes through every command that reads. What is read costs a few times its size, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.costs import Cost, cost_of
from tests.support.everything import with_two_runs
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.slow
LONG = "x" * 4_000_000
OUT_MAX, ERR_MAX, CPU_S, PEAK_MIB = 60_000, 5_000, 20.0, 200
COMMANDS = (
    "status",
    "experiment status good",
    "experiment list",
    "experiment show good",
    "dataset list",
    "dataset show d",
    "template list",
    "config show",
    "show 1",
    "compare 1 2",
    "compare 1 2 --format markdown",
    "diff HEAD",
    "diff HEAD --format markdown",
    "validate",
    "logs 1",
    "run good --dry-run",
)
MACHINE_COMMANDS = ("experiment status good --json", "show 1 --json", "compare 1 2 --csv", "diff HEAD --json")
COMPLETED = (("qanat show ", "2"), ("qanat run ", "2"), ("qanat compare 1 ", "3"))

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with one of everything, and two runs."""
    return with_two_runs(tmp_path_factory.mktemp("good") / "project")


def record_of(root: Path) -> Path:
    return next((root / ".qanat/runs/good/0").glob("1-*.yaml"))


def in_record(before: str, after: str) -> Change:
    return lambda root: replace(record_of(root), before, after)


def in_file(name: str, before: str, after: str) -> Change:
    return lambda root: replace(root / ".qanat" / name, before, after)


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def comment(text: str) -> Change:
    return lambda root: record_of(root).with_suffix(".md").write_text(text) and None


EXPERIMENT = "experiments/good.yaml"
METRICS = ", ".join(f"m{i}: {i}" for i in range(9_000))
TAGS = ", ".join(f"t{i}" for i in range(100_000))
FIELDS: dict[str, Change] = {
    "description of a run": in_record("description: number 1", f"description: {LONG}"),
    "tag of a run": in_record("tags: [a]", f"tags: [{LONG}]"),
    "argument": in_record("args: [--lr", f"args: [--lr, {LONG}, --x"),
    "name of an argument": in_record("args: [--lr", f"args: [--{LONG}, --lr"),
    "reason": in_record("exit_code: 0", f"exit_code: 0, reason: {LONG}"),
    "metric": in_record("exit_code: 0", f"exit_code: 0, metrics: {{? {LONG} : 1.0}}"),
    "author": in_record("author: ", f"author: {LONG}"),
    "storage": in_record("storage: ", f"storage: {LONG}"),
    "runner": in_record("name: local", f"name: {LONG}"),
    "state": in_record("state: finished", f"state: {LONG}"),
    "id": in_record("id: 1", f"id: {LONG}1"),
    "comment": comment(LONG),
    "comment in Markdown": comment("[" * len(LONG)),
    "control characters": in_record("description: number 1", 'description: "' + "\\e" * 1_000_000 + '"'),
    "letters of other scripts": in_record("description: number 1", f"description: {'é葛' * 700_000}"),
    "description of an experiment": in_file(EXPERIMENT, "description: it is good", f"description: {LONG}"),
    "name of an experiment": in_file(EXPERIMENT, "name: good", f"name: {LONG}"),
    "executable": in_file(EXPERIMENT, "executable: ", f"executable: {LONG}"),
    "tag of an experiment": in_file(EXPERIMENT, "tags:", f"tags: [{LONG}]\nolder_tags:"),
    "action": in_file(EXPERIMENT, "description: draws", f"description: {LONG}"),
    "unknown key": in_file(EXPERIMENT, "description: it is good", f"? {LONG}\n: d"),
    "path of a dataset": in_file("datasets/d.yaml", "path: ", f"path: {LONG}"),
    "description of a dataset": in_file("datasets/d.yaml", "all of it", LONG),
    "value of a template": in_file("templates/slurm/t.yaml", "'10'", LONG),
    "setting": in_file("config.yaml", "default_editor: ", f"default_editor: {LONG}"),
    "many metrics": in_record("exit_code: 0", f"exit_code: 0, metrics: {{{METRICS}}}"),
    "many tags": in_record("tags: [a]", f"tags: [{TAGS}]"),
    "deep nesting": in_record("tags: [a]", f"tags: {'[' * 100_000}"),
}


# Files that are still valid go through everything; the others through what says that they are not.
FEW = ("status", "experiment status good", "experiment list", "show 1", "validate", "diff HEAD --format markdown")
HOUSES: dict[str, tuple[str, ...]] = {
    "records": ("description of a run", "tag of a run", "reason", "metric", "author", "comment"),
    "arguments": ("argument",),
    "definitions": (
        "description of an experiment",
        "action",
        "path of a dataset",
        "description of a dataset",
        "value of a template",
        "setting",
    ),
}
ONE_BY_ONE = [field for field in FIELDS if all(field not in fields for fields in HOUSES.values())]


@pytest.mark.parametrize("house", HOUSES)
def test_long_texts_cost_no_more_than_is_shown(house: str, good: Sandbox, tmp_path: Path) -> None:
    copy = copy_of(good, tmp_path / "here")
    for field in HOUSES[house]:
        FIELDS[field](copy.root)
    problems = []
    for command in (*COMMANDS, *MACHINE_COMMANDS):
        problems += excess(command, cost_of(command.split(), copy.root), command in MACHINE_COMMANDS)
    for line, place in COMPLETED:
        env = {"_QANAT_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": place}
        problems += excess(f"completion of {line}", cost_of([], copy.root, env=env), False)
    assert problems == []


@pytest.mark.parametrize("field", ONE_BY_ONE)
def test_a_long_text_in_a_strange_place_is_said_in_short(field: str, good: Sandbox, tmp_path: Path) -> None:
    copy = copy_of(good, tmp_path / "here")
    FIELDS[field](copy.root)
    problems = [problem for words in FEW for problem in excess(words, cost_of(words.split(), copy.root), False)]
    assert problems == []


def excess(command: str, cost: Cost, is_for_machines: bool) -> list[str]:
    """Return how a command went beyond its limits."""
    too_long = len(cost.out) > OUT_MAX and not is_for_machines
    wrong = cost.code not in (0, 1, 2) or too_long or len(cost.err) > ERR_MAX
    return [f"{command}: {cost}"] if wrong or cost.cpu_s > CPU_S or cost.peak_mib > PEAK_MIB else []


def test_what_was_cut_says_so(good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    for field in ("description of a run", "comment", "reason"):
        FIELDS[field](house.root)
    shown = house.qanat("show", "1").out
    assert f"Description: {'x' * 100}" in shown
    assert "x…\n" in shown
    assert "… and 3,980,000 more characters" in shown
    table = house.qanat("experiment", "status", "good").out
    assert "xxx…    " in table
    assert max(map(len, table.splitlines())) < 1_000
    assert len(house.qanat("show", "1", "--json").json["description"]) == len(LONG)


def test_a_listing_of_many_runs_takes_what_its_columns_take(good: Sandbox, tmp_path: Path) -> None:
    house = copy_of(good, tmp_path / "here")
    text = record_of(house.root).read_text()
    name = record_of(house.root).name
    for number in range(3, 26):
        long = LONG[:3_000_000] if number < 9 else "short"
        copied = text.replace(f"id: {name[:-5]}", f"id: {number}{name[1:-5]}").replace("number 1", long)
        (record_of(house.root).parent / f"{number}{name[1:]}").write_text(copied)
    for command in ("experiment status good", "experiment status good", "experiment status good --all", "status"):
        cost = cost_of(command.split(), house.root)
        assert excess(command, cost, False) == []
        assert cost.code == 0
