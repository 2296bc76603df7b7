"""Tables at the widths that terminals have, and in a pipe: exactly these lines.

They are in `tests/data/tables/`; `python -m tests.support.listed_runs` writes them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.support import listed_runs
from tests.support.listed_runs import COMMANDS, PIPE, TABLES, WIDTHS
from tests.support.sandbox import Sandbox
from tests.support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.xdist_group("tables")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a project with runs that are hard to list; nothing in it changes."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("tables") / "project")
    listed_runs.fill(sandbox)
    yield sandbox
    assert sandbox.status() == ""


@pytest.mark.parametrize("width", [*WIDTHS, PIPE])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_is_what_it_is_at_this_width(filled: Sandbox, command: str, width: int | str) -> None:
    assert listed_runs.shown(filled, command, width) == (TABLES / f"{command}-{width}.txt").read_text()


@pytest.mark.parametrize("file", sorted(TABLES.glob("*-[0-9]*.txt")), ids=lambda file: file.stem)
def test_no_line_of_a_table_is_wider_than_its_terminal(file: Path) -> None:
    width = int(file.stem.rpartition("-")[2])
    table = file.read_text().rpartition("⏳ Runs:\n")[2].splitlines()
    assert max(cell_len(line) for line in table if not line.startswith(("…", "3 experiments, ", "mean ±"))) <= width


def test_every_file_is_that_of_a_command_and_a_width() -> None:
    assert {file.stem for file in TABLES.iterdir()} == {f"{c}-{w}" for c in COMMANDS for w in (*WIDTHS, PIPE)}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_explore_lists_runs_as_status_does(filled: Sandbox, width: int) -> None:
    with Terminal(filled.root, "explore", "alike", size=(width + 3, 50)) as terminal:
        terminal.see("2 runs. Which run?")
        shown = terminal.see("Leave").replace("\r", "").splitlines()
        terminal.press(CTRL_C)
        terminal.ends()
    table = (TABLES / f"alike-{width}.txt").read_text().partition("⏳ Runs:\n")[2].splitlines()
    assert [line[3:].rstrip() for line in shown[1:-1] if "Add a filter" not in line] == table


def test_explore_offers_runs_that_share_a_number_by_their_ids(filled: Sandbox) -> None:
    with Terminal(filled.root, "explore", "iris", size=(120, 50)) as terminal:
        terminal.see("  1041 ")
        terminal.see("9-000009 ")
        terminal.see("9-b81e02 ")
        terminal.see("Leave")
        terminal.press(CTRL_C)
        terminal.ends()


def test_columns_of_the_environment_are_the_width_of_a_terminal(filled: Sandbox) -> None:
    assert listed_runs.shown(filled, "alike", 200, COLUMNS="40") == (TABLES / "alike-40.txt").read_text()


def test_no_runs_and_no_definitions_are_no_table(sandbox: Sandbox) -> None:
    out = sandbox.qanat("status").out.splitlines()
    assert out[:2] == [f"Project {sandbox.root}", "0 experiments, 0 datasets, 2 templates, 0 runs, 0 B of results"]
    assert out[2:] == ["no experiments yet; create one with: qanat experiment new"]
    sandbox.experiment("e", "exit 0")
    assert sandbox.qanat("status").out.endswith("\nno runs yet; start one with: qanat run NAME\n")
    assert sandbox.qanat("experiment", "status", "e").out.splitlines()[-1] == "🛠 Actions:"


@pytest.mark.slow
def test_of_a_thousand_runs_the_newest_are_shown_and_the_others_counted(sandbox: Sandbox) -> None:
    sandbox.experiment("e", "exit 0")
    sandbox.qanat("run", "e")
    file, run_id = sandbox.record_files()[0], sandbox.record(1)["id"]
    for number in range(2, 1001):
        sandbox.write(
            f".qanat/runs/e/{number // 100}/{number}-{number:06x}.yaml",
            file.read_text().replace(run_id, f"{number}-{number:06x}"),
        )
    sandbox.commit("records")
    lines = sandbox.qanat("experiment", "status", "e").out.splitlines()
    table = lines[lines.index("⏳ Runs:") + 1 :]
    assert [line.partition(" ")[0] for line in table[1:-1]] == [str(number) for number in range(1000, 950, -1)]
    assert table[-1] == "… and 950 more; --all shows them"
    everything = sandbox.qanat("experiment", "status", "e", "--all").out.splitlines()
    assert len(everything) - everything.index("⏳ Runs:") == 1002
    assert "1,000 finished" in sandbox.qanat("status").out
