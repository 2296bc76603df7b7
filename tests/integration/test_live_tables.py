"""`--live`, at a real terminal: it follows runs and the terminal's size, and leaves nothing behind."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest
import yaml
from rich.cells import cell_len

from tests.support.sandbox import PROGRAM, Sandbox, wait_until
from tests.support.terminal import CTRL_C, CTRL_D, ENTER, Terminal, without_escapes

ENTER_SCREEN = "\x1b[?1049h\x1b[?25l"
LEAVE_SCREEN = "\x1b[?25h\x1b[?1049l"
CLEAR, HOME = "\x1b[2J", "\x1b[H"
CTRL_Z = "\x1a"
TITLE = "q to quit"


@pytest.fixture
def house(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment that does nothing."""
    sandbox.experiment("e", "exit 0")
    return sandbox


def fill(sandbox: Sandbox, count: int) -> None:
    """Make records of runs 2 to count out of that of run 1, each launched a minute after the other."""
    text = sandbox.record_files()[0].read_text()
    run_id = sandbox.record(1)["id"]
    created = sandbox.record(1)["created"].isoformat()
    for number in range(2, count + 1):
        made = text.replace(run_id, f"{number}-{number:06x}").replace("e/run_1\n", f"e/run_{number}\n")
        made = made.replace(f"created: {created}", f"created: 2100-01-01T00:{number:02}:00+00:00")
        assert made.count("2100-01-01") == 1
        sandbox.write(f".qanat/runs/e/0/{number}-{number:06x}.yaml", made)
    sandbox.commit("many runs")


def next_frame(terminal: Terminal) -> list[str]:
    """Return the lines of the next whole screen."""
    start = len(terminal.raw)
    terminal.wait_for(lambda: terminal.raw[start:].count(HOME) >= 2)
    return without_escapes(terminal.raw[start:].split(HOME)[1]).replace("\r", "").split("\n")


def numbers(lines: list[str]) -> list[int]:
    """List the numbers of the runs that are shown."""
    return [int(line.partition(" ")[0]) for line in lines if line[:1].isdigit()]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_live_table_shows_the_newest_runs_that_fit(house: Sandbox, size: tuple[int, int]) -> None:
    house.qanat("run", "e")
    fill(house, 59)
    columns, rows = size
    for words in (["status", "--live"], ["experiment", "status", "e", "--live"]):
        with Terminal(house.root, *words, size=size) as terminal:
            lines = next_frame(terminal)
            terminal.press("q")
            terminal.ends()
        shown = rows - len(["title", "gap", "headings", "more"])
        assert numbers(lines) == list(range(59, 59 - shown, -1))
        assert max(map(cell_len, lines)) <= columns


def test_what_does_not_fit_is_counted(house: Sandbox) -> None:
    house.qanat("run", "e")
    fill(house, 30)
    with Terminal(house.root, "experiment", "status", "e", "--live", size=(80, 14)) as terminal:
        terminal.see("e: 0 active runs")
        terminal.see("… and 20 more")
        terminal.press("q")
        terminal.ends()


def test_a_live_table_follows_the_size_of_its_terminal_at_once(house: Sandbox) -> None:
    house.qanat("run", "e")
    fill(house, 30)
    # COLUMNS and LINES say what was, not what is.
    with Terminal(house.root, "status", "--live", size=(120, 40), env={"COLUMNS": "200", "LINES": "60"}) as terminal:
        assert numbers(next_frame(terminal)) == list(range(30, 0, -1))
        terminal.resize(60, 12)
        terminal.see("… and 22 more")
        place = terminal.raw.rindex(CLEAR)
        small = terminal.raw[place:]
        lines = next_frame(terminal)
        assert numbers(lines) == list(range(30, 22, -1))
        assert max(map(cell_len, lines)) <= 60
        # What the larger table left is cleared once, not with each redrawing.
        assert terminal.raw[place:].count(CLEAR) == small.count(CLEAR) == 1
        terminal.resize(120, 40)
        terminal.wait_for(lambda: terminal.raw[place:].count(CLEAR) == 2)
        assert numbers(next_frame(terminal)) == list(range(30, 0, -1))
        terminal.press("q")
        terminal.ends()


def test_a_change_of_size_is_not_waited_for(house: Sandbox) -> None:
    with Terminal(house.root, "status", "--live") as terminal:
        next_frame(terminal)
        took = []
        for number in range(8):
            before, begun = terminal.raw.count(CLEAR), time.monotonic()
            terminal.resize(100 - number, 30)
            terminal.wait_for(lambda before=before: terminal.raw.count(CLEAR) > before)  # type: ignore[misc]
            took.append(time.monotonic() - begun)
        # Were it noticed with the next look at the runs, each change would take most of a second on any machine.
        assert min(took) < 0.5
        terminal.press("q")
        terminal.ends()


@pytest.mark.parametrize(
    "key", ["q", "Q", "xq", CTRL_C, CTRL_D], ids=["q", "Q", "another key first", "Ctrl-C", "Ctrl-D"]
)
def test_a_live_table_is_left_by_a_key_and_the_terminal_restored(house: Sandbox, key: str) -> None:
    with Terminal(house.root, "status", "--live") as terminal:
        terminal.see("0 active runs")
        terminal.see("no runs yet")
        assert terminal.settings() != terminal.before
        terminal.press(key)
        terminal.ends()
        assert terminal.raw.count(ENTER_SCREEN) == 1
        assert terminal.raw.endswith(LEAVE_SCREEN)
        assert terminal.settings() == terminal.before


# A shell whose job qanat is: it goes on when the job is stopped, and lets it continue when a line is typed.
SHELL = ("sh", "-mc", '"$@"; echo stopped; read line; fg >&2; echo "ended with $?"', "sh", *PROGRAM)


def test_while_a_live_table_is_stopped_the_terminal_is_the_shells(house: Sandbox) -> None:
    with Terminal(house.root, "status", "--live", program=SHELL) as terminal:
        terminal.see(TITLE)
        during = terminal.settings()
        terminal.press(CTRL_Z)
        terminal.see("stopped")
        assert terminal.raw.endswith(f"{LEAVE_SCREEN}stopped\r\n")
        assert terminal.settings() == terminal.before
        terminal.press(ENTER)
        terminal.see(TITLE)
        assert terminal.raw.count(ENTER_SCREEN) == 2
        assert terminal.settings() == during
        terminal.press("q")
        terminal.see("ended with 0")
        terminal.ends()
        assert terminal.raw.count(LEAVE_SCREEN) == 2
        assert terminal.settings() == terminal.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_signal_ends_a_live_table_and_the_terminal_is_restored(house: Sandbox, number: signal.Signals) -> None:
    with Terminal(house.root, "status", "--live", real=True) as terminal:
        terminal.see(TITLE)
        terminal.signal(number)
        terminal.ends_by(number)
        assert terminal.raw.endswith(LEAVE_SCREEN)
        assert terminal.settings() == terminal.before


# Draws more than a terminal takes in before it is read.
BUSY = """
from qanat.cli.terminal.screen import Screen
with Screen() as screen:
    while True:
        screen.draw(["x" * 100] * 10, (100, 10))
"""


def test_a_signal_ends_a_screen_that_is_being_drawn(tmp_path: Path) -> None:
    with Terminal(tmp_path, program=(sys.executable, "-c", BUSY), env={"PYTHONUNBUFFERED": ""}) as terminal:
        terminal.see("xxx")
        terminal.signal(signal.SIGTERM)
        terminal.ends_by(signal.SIGTERM)
        assert terminal.raw.endswith(LEAVE_SCREEN)
        assert terminal.settings() == terminal.before


def test_a_live_table_ends_with_its_terminal(house: Sandbox, tmp_path: Path) -> None:
    with Terminal(house.root, "status", "--live", env={"TMPDIR": str(tmp_path)}, real=True) as terminal:
        terminal.see(TITLE)
        assert terminal.hang_up() == signal.SIGHUP
    assert list(tmp_path.glob("qanat-bug-*")) == []


def test_an_error_is_shown_on_the_first_screen(house: Sandbox) -> None:
    with Terminal(house.root, "status", "--live") as terminal:
        terminal.see(TITLE)
        (house.root / ".git").rename(house.root / "elsewhere")
        terminal.ends(2)
        assert "qanat: " in terminal.raw.rpartition(LEAVE_SCREEN)[2]
        assert terminal.settings() == terminal.before


def test_a_live_table_follows_a_run(house: Sandbox) -> None:
    house.experiment("wait", 'touch "$2/begun"\nwhile [ ! -e "$2/stop" ]; do sleep 0.02; done\n')
    storage = house.root / "results/wait/run_1"
    with Terminal(house.root, "experiment", "status", "wait", "--live") as terminal:
        terminal.see("wait: 0 active runs")
        process = house.start("run", "wait")
        wait_until((storage / "begun").exists)
        terminal.see("wait: 1 active run ")
        terminal.see("▶ running")
        (storage / "progress.txt").write_text("count_total=10\n4\n")
        terminal.see("40 %")
        (storage / "stop").touch()
        terminal.see("wait: 0 active runs")
        terminal.see("🏁 finished")
        terminal.press("q")
        terminal.ends()
        assert process.communicate(timeout=60)[0] == ""
    assert house.status() == ""


def test_notes_are_below_a_live_table(house: Sandbox) -> None:
    house.qanat("run", "e")
    record = house.record() | {"state": "queued", "started": None, "ended": None}
    record["runner"] |= {"name": "elsewhere"}
    record["groups"] = [{"group": 0, "args": [], "state": "queued"}]
    house.record_files()[0].write_text(yaml.safe_dump(record, sort_keys=False))
    house.commit()
    with Terminal(house.root, "status", "--live", size=(80, 20)) as terminal:
        lines = next_frame(terminal)
        assert lines[-1].startswith("note: runner 'elsewhere' does not exist")
        terminal.press("q")
        terminal.ends()


def test_a_live_table_needs_a_terminal_and_an_experiment(house: Sandbox) -> None:
    for words in (["status", "--live"], ["experiment", "status", "e", "--live"]):
        result = house.qanat(*words, code=2)
        assert "--live requires a terminal" in result.err
        assert "hint: run it without --live" in result.err
    assert "experiment 'x' does not exist" in house.qanat("experiment", "status", "x", "--live", code=2).err
