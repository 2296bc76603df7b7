"""`qanat wait`: several runs at once, the first of them, for some time, and what is to be done then."""

from __future__ import annotations

import pytest

from tests.support.gates import Gates
from tests.support.sandbox import Sandbox
from tests.support.terminal import CTRL_C, Terminal

SHOWN = 'echo "$QANAT_RUNS|$QANAT_STATES|$QANAT_STATE|$QANAT_PROJECT"'


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    """Return an experiment whose programs wait at gates."""
    return Gates(sandbox)


@pytest.fixture
def two(gates: Gates) -> Gates:
    """Return two active runs, of which the first fails and the second finishes, each at a gate of its own."""
    for name, code in (("a", "3"), ("b", "0")):
        gates.sandbox.qanat("run", "--detach", "wait", str(gates.path(name)), code)
    for run in (1, 2):
        gates.begun(run)
    return gates


def test_a_command_runs_once_at_the_end_of_all_runs_and_knows_their_states(two: Gates) -> None:
    waiting = two.sandbox.start("wait", "2", "1", "2", "--then", f"{SHOWN} >>../then; exit 9")
    two.open("a")
    two.ended(1)
    two.open("b")
    _, said = waiting.communicate()
    assert "Run 2 of wait finished after " in said
    assert "Run 1 of wait failed after " in said
    assert waiting.returncode == 1
    assert (two.sandbox.root.parent / "then").read_text() == f"2 1|finished failed|failed|{two.sandbox.root}\n"


@pytest.mark.parametrize(
    ("command", "code"), [("true", 0), ("exit 9", 9), ("kill -9 $$", 137), ("no-such-program", 127)]
)
def test_if_all_runs_finish_the_exit_code_is_that_of_the_command(gates: Gates, command: str, code: int) -> None:
    gates.sandbox.qanat("run", "--detach", "wait", str(gates.path()), "0")
    gates.open()
    gates.sandbox.qanat("wait", "1", "--then", command, code=code)


def test_any_waits_for_the_first_that_ends_and_leaves_the_others(two: Gates) -> None:
    two.open("a")
    done = two.sandbox.qanat("wait", "1", "2", "--any", "--then", SHOWN, code=1)
    assert done.out == f"1|failed|failed|{two.sandbox.root}\n"
    assert done.err.endswith("\nrun 2 is still active\n")
    two.open("b")
    done = two.sandbox.qanat("wait", "2", "--then", SHOWN)
    assert done.out == f"2|finished|finished|{two.sandbox.root}\n"


def test_a_wait_gives_up_after_its_time_and_runs_no_command(two: Gates) -> None:
    done = two.sandbox.qanat("wait", "1", "2", "--timeout", "1s", "--then", SHOWN, code=124)
    assert (done.out, done.err) == ("", "runs 1, 2 are still active after 1s\n")
    two.open("a")
    two.open("b")
    two.sandbox.qanat("wait", "1", "2", "--timeout", "5m", code=1)


def test_ctrl_c_ends_the_wait_and_runs_no_command(two: Gates) -> None:
    with Terminal(two.sandbox.root, "wait", "1", "2", "--then", SHOWN) as terminal:
        terminal.see("2 running")
        terminal.press(CTRL_C)
        shown = terminal.ends(130)
    for run in (1, 2):
        assert f"run {run} continues; see it with qanat status, or end it with qanat cancel {run}" in shown
    assert "|" not in shown.rpartition("continues")[2]
    assert two.sandbox.qanat("status", "--json").json["runs"] == {"wait": {"running": 2}}
    two.open("a")
    two.open("b")
    two.sandbox.qanat("wait", "1", "2", code=1)


def test_the_records_are_printed_as_json(two: Gates) -> None:
    two.open("a")
    two.open("b")
    records = two.sandbox.qanat("wait", "2", "1", "--json", code=1).json
    assert [(record["id"], record["state"]) for record in records] == [
        (two.sandbox.record(2)["id"], "finished"),
        (two.sandbox.record(1)["id"], "failed"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--timeout", "soon"), "--timeout soon is not a time\n  hint: write it as 90s, 30m, 2h or 1d12h\n"),
        (("--then", " "), "--then is empty\n  hint: qanat wait 4 --then 'qanat compare 4'\n"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_wait(gates: Gates, words: tuple[str, ...], message: str) -> None:
    assert gates.sandbox.qanat("wait", "1", *words, code=2).err == f"qanat: {message}"
