"""Searching for runs and exploring one, in a real terminal with real keys."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.cli.terminal.tables import cells
from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox, wait_until
from tests.support.terminal import BACKSPACE, CTRL_C, CTRL_U, DOWN, END, ENTER, ESCAPE, HOME, UP, Terminal

# A pager, and an action: both note how they were called in a file that their first word names.
NOTES = """\
import json, os, pathlib, sys
notes, *words = sys.argv[1:]
if notes == "fail":
    sys.exit(3)
pathlib.Path(notes).write_text(json.dumps({"words": words, "cwd": os.getcwd()}))
print("noted")
"""
# A pager to which Ctrl-C means something of its own, as to less.
STUBBORN = """\
import pathlib, signal, sys
beside = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGINT, lambda *_: (beside / "heard").touch())
(beside / "begun").touch()
input("any line leaves\\n")
"""
FIELDS = ["parameter", "tag", "description", "state", "runner", "commit", "after", "before"]
MENU = "[q] Back"  # its last line; the question is also shown once it is answered


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with runs of two experiments: 1 of one group, 2 of two groups, 3 failed, 4 of another."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    beside = sandbox.root.parent
    (beside / "notes.py").write_text(NOTES)
    content = {
        "name": "hello",
        "executable": "hello.sh",
        "executable_command": "sh",
        "actions": [
            {
                "plot": {
                    "name": "plot",
                    "executable": "plot.py",
                    "executable_command": shlex.quote(sys.executable),
                    "description": "Plot it all",
                }
            }
        ],
    }
    sandbox.write("hello.sh", 'echo "out $2"; echo "err $2" >&2; [ "$2" != 9 ]')
    sandbox.write("plot.py", NOTES)
    sandbox.write("hello.yaml", yaml.safe_dump(content))
    sandbox.qanat("experiment", "new", "-f", "hello.yaml")
    sandbox.experiment("other", "exit 0")
    hostile = beside / "$(touch trap) ;'a b'.yaml"
    hostile.write_text("hidden: 1\n")
    tagged = ["--tag", "paper", "--tag", "v1", "--description", "For figure 2"]
    sandbox.qanat("run", *tagged, "hello", "--n", "1", "--parameters_file", str(hostile))
    sandbox.qanat("run", "--tag", "paper", "hello", "-R", "--n 2,3")
    sandbox.qanat("run", "hello", "--n", "9", code=1)
    sandbox.qanat("run", "other")
    return sandbox


@pytest.fixture
def house(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def pager(sandbox: Sandbox, *words: str) -> dict[str, str]:
    """Return the environment with a pager that has arguments."""
    beside = sandbox.root.parent
    return {"PAGER": shlex.join([sys.executable, str(beside / "notes.py"), str(beside / "paged.json"), *words])}


def paged(sandbox: Sandbox, name: str = "paged.json") -> dict[str, Any]:
    """Return how the pager or the action was called."""
    file = sandbox.root.parent / name
    found: dict[str, Any] = json.loads(wait_until(lambda: file.exists() and file.read_text()))
    file.unlink()
    return found


def storage(sandbox: Sandbox, run: int, group: int | None = None) -> Path:
    folder = sandbox.root / f"results/hello/run_{run}"
    return folder if group is None else folder / f"group_{group}"


def lines(text: str) -> list[str]:
    """List the lines that are not empty."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def redraw(terminal: Terminal, rows: int) -> None:
    """Change the terminal's height, so that everything is redrawn and not only what differs."""
    terminal.resize(120, rows)


def choose(terminal: Terminal, question: str, downs: int = 0) -> None:
    """Wait for a question with several choices, and take the one at this position."""
    terminal.see(question)
    terminal.press(*[DOWN] * downs, ENTER)


def filter_by(terminal: Terminal, field: str, *value: str) -> None:
    """Add a filter in the list of runs."""
    terminal.see("Leave")
    terminal.press(HOME, ENTER)
    choose(terminal, "Filter by:", FIELDS.index(field))
    if field == "state":
        choose(terminal, "State:", int(value[0]))
    else:
        terminal.answer("Condition:" if field == "parameter" else "Value:", *value)


def leave(terminal: Terminal) -> None:
    """Choose the last entry of the list of runs."""
    terminal.see("Leave")
    terminal.press(END, ENTER)
    terminal.ends()


def listed(rows: str) -> list[int]:
    """List the numbers of the runs in what the list has shown."""
    numbers = (line.strip("» ").split()[0] for line in lines(rows) if line.strip("» "))
    return [int(number) for number in numbers if number.isdecimal()]


def copy_record(sandbox: Sandbox, count: int) -> None:
    """Make records of runs 2 to count out of that of run 1, each launched later than the one before."""
    text, run_id = sandbox.record_files()[0].read_text(), sandbox.record(1)["id"]
    created = sandbox.record(1)["created"].isoformat()
    for number in range(2, count + 1):
        made = text.replace(run_id, f"{number}-{number:06x}").replace("/run_1\n", f"/run_{number}\n")
        made = made.replace(f"created: {created}", f"created: 2100-01-01T{number // 60:02}:{number % 60:02}:00+00:00")
        sandbox.write(f".qanat/runs/hello/{number // 100}/{number}-{number:06x}.yaml", made)
    sandbox.commit("many runs")


# ---- the page and the menu of one run


def test_the_page_of_a_run_and_its_menu_are_as_in_the_tutorial(house: Sandbox) -> None:
    record = house.qanat("show", "1", "--json").json
    with Terminal(house.root, "experiment", "run_explore", "hello", "1") as terminal:
        terminal.see(MENU)
        shown = lines(terminal.text)
        terminal.press("q")
        terminal.ends()
    started, ended = (record[k][:19].replace("T", " ") for k in ("started", "ended"))
    assert shown.pop(5).startswith("  - 💻 Machine: ")
    shown = [line for line in shown if not line.startswith(("  - 🔑 Key: ", "  - 📈 Used: "))]
    assert shown[:10] == [
        "Run 1 of experiment hello:",
        f"  - 🆔 Id: {record['id']}",
        "  - 💬 Description: For figure 2",
        "  - 🏷 Tags: paper, v1",
        "  - 🖥 Runner: local",
        "  - 📁 Path: results/hello/run_1",
        "  - 🔍 Status: 🏁 finished",
        f"  - 📆 Started: {started}",
        f"  - 📆 Ended: {ended}",
        f"  - 📑 Commit: {record['code']['commit']}",
    ]
    assert shown[10].startswith("? Run 1 of experiment hello - Explore menu")
    assert [line[3:] for line in shown[11:23]] == [
        "[a] Show output(s)",
        "[b] Show error(s)",
        "[c] Show parameters",
        "[m] Show metrics",
        "[d] Show comment",
        "[e] Explore run directory",
        "[p] Show parameters file(s)",
        "[t] Add tag(s)",
        "[w] Write comment",
        "[g] Delete run",
        "[h] Action: plot",
        "[q] Back",
    ]


def test_a_preview_tells_what_the_entry_under_the_cursor_will_do(house: Sandbox) -> None:
    house.qanat("comment", "1", "-m", "# Looks good\nand more")
    rows = itertools.count(41)
    with Terminal(house.root, "explore", "hello", "1") as terminal:
        for preview in (
            "Open stdout of 1 group in your pager",
            "Open stderr of 1 group in your pager",
            "Print the parameters of every group",
            "No metrics yet",
            "# Looks good",
            "Open files of results/hello/run_1",
            "Open $(touch trap) ;'a b'.yaml in your pager",
            "Tags: paper, v1",
            "Write or change it in your editor",
            "Delete its record and results, after confirmation",
            "Plot it all",
            "Leave this run",
        ):
            terminal.see(f"│{preview} ")
            terminal.press(DOWN)
            terminal.see("»")
            redraw(terminal, next(rows))
        terminal.press("q")
        terminal.ends()


def test_outputs_open_in_the_pager_with_its_arguments(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "1", env=pager(house, "-R", "a b", "$HOME")) as terminal:
        for key, name in (("a", "stdout.txt"), ("b", "stderr.txt")):
            terminal.see(MENU)
            terminal.press(key)
            assert paged(house)["words"] == ["-R", "a b", "$HOME", str(storage(house, 1) / name)]
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_of_several_groups_all_outputs_open_or_that_of_one(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "2", env=pager(house)) as terminal:
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("group 1: --n 3 (finished)")
        terminal.press(ENTER)
        assert paged(house)["words"] == [str(storage(house, 2, group) / "stdout.txt") for group in (0, 1)]
        terminal.see(MENU)
        terminal.press("b")
        choose(terminal, "Which group?", 2)
        assert paged(house)["words"] == [str(storage(house, 2, 1) / "stderr.txt")]
        terminal.see(MENU)
        (storage(house, 2, 0) / "stdout.txt").unlink()
        terminal.press("a")
        choose(terminal, "Which group?", 1)
        terminal.see("group 0 wrote no stdout.txt")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_of_very_many_groups_one_is_found_by_its_number(house: Sandbox) -> None:
    house.qanat("run", "hello", "-R", "--n 10 111 1", "-j", "8")
    number = house.record_files()[-1].name.partition("-")[0]
    with Terminal(house.root, "explore", "hello", number, env=pager(house)) as terminal:
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("Which group?")
        terminal.see("group 20: ")
        terminal.press("10", ENTER)
        assert paged(house)["words"] == [str(storage(house, int(number), 10) / "stdout.txt")]
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_a_parameters_file_with_a_hostile_name_opens_and_no_shell_sees_it(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "1", env=pager(house)) as terminal:
        terminal.see(MENU)
        terminal.press("p")
        assert paged(house)["words"] == [str(storage(house, 1) / "parameters_files/$(touch trap) ;'a b'.yaml")]
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()
    assert list(house.root.rglob("trap")) == []


def test_without_a_pager_of_ones_own_the_output_is_shown_all_the_same(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "1", env={"PAGER": " ", "LESS": ""}) as terminal:
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("out 1")
        terminal.press("q")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_a_pager_that_is_not_there_is_said_and_the_menu_comes_again(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "1", env={"PAGER": "no-such-pager -x"}) as terminal:
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("cannot start 'no-such-pager -x' (set $PAGER)")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_ctrl_c_in_the_pager_is_the_pagers(house: Sandbox) -> None:
    beside = house.root.parent
    (beside / "stubborn.py").write_text(STUBBORN)
    command = shlex.join([sys.executable, str(beside / "stubborn.py"), str(beside)])
    with Terminal(house.root, "explore", "hello", "1", env={"PAGER": command}) as terminal:
        terminal.see(MENU)
        terminal.press("a")
        wait_until((beside / "begun").exists)
        terminal.see("any line leaves")
        # Python runs no handler for a signal that comes right before it reads a line.
        wait_until(lambda: (beside / "heard").exists() or terminal.press(CTRL_C))
        terminal.press(ENTER)
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_a_submitted_run_has_an_entry_for_what_its_scheduler_noted(house: Sandbox) -> None:
    record = house.record_files()[1]
    text = re.sub(r"job: '\d+'", "job: '4651.0'", record.read_text())
    record.write_text(text.replace("{name: local,", "{name: htcondor,"))
    house.commit()
    (storage(house, 2) / "htcondor.log").write_text("000 (4651.000.000) Job submitted\x1b[2J\n")
    show = f"{shlex.quote(sys.executable)} -c 'import sys; print(repr(open(sys.argv[1]).read()))'"
    with Terminal(house.root, "explore", "hello", "2", env={"PAGER": show}) as terminal:
        terminal.see("[f] Show HTCondor log(s)")
        terminal.see(MENU)
        terminal.press("f")
        choose(terminal, "Log of which group?")
        terminal.see(r"'000 (4651.000.000) Job submitted\\x1b[2J\n'")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_a_run_of_a_runner_that_is_not_installed_here_can_be_looked_into(house: Sandbox) -> None:
    record = house.record_files()[0]
    record.write_text(record.read_text().replace("{name: local,", "{name: elsewhere,"))
    house.commit()
    with Terminal(house.root, "explore", "hello", "1") as terminal:
        terminal.see("Runner: elsewhere")
        terminal.see(MENU)
        assert "log(s)" not in terminal.text
        terminal.press("q")
        terminal.ends()


def test_parameters_and_comment_are_printed_and_files_opened(house: Sandbox) -> None:
    house.qanat("comment", "2", "-m", "- *first*\n- second")
    (storage(house, 2, 1) / "deep").mkdir()
    (storage(house, 2, 1) / "deep/out.bin").touch()
    with Terminal(house.root, "explore", "hello", "2", env=pager(house)) as terminal:
        terminal.see(MENU)
        terminal.press("c")
        terminal.see("command: sh hello.sh\r\ngroup 0: 🏁 finished\r\n  --n: 2\r\ngroup 1: 🏁 finished\r\n  --n: 3\r\n")
        terminal.see(MENU)
        terminal.press("d")
        terminal.see("• first")
        terminal.see(MENU)
        terminal.press("e")
        terminal.see("10 files. Which file?")
        terminal.see("group_1/deep/out.bin")
        terminal.press("1/group_i", ENTER)
        assert paged(house)["words"] == [str(storage(house, 2, 1) / "group_info.yaml")]
        terminal.see("10 files. Which file?")
        terminal.see("Back")
        terminal.press("q")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_of_a_directory_that_is_gone_it_is_said_above_the_menu(house: Sandbox) -> None:
    shutil.rmtree(storage(house, 2))
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see(MENU)
        terminal.press("e")
        terminal.see("results/hello/run_2 does not exist")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("d", "no comment yet; write one with: qanat comment 2 (.qanat/runs/hello/0/2-"),
        ("m", "no metrics yet: a program writes them to metrics.json"),
    ],
)
def test_of_what_is_not_there_it_is_said_how_it_is_made(house: Sandbox, key: str, said: str) -> None:
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see(MENU)
        terminal.press(key)
        terminal.see(said)
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_an_action_is_asked_for_its_group_and_arguments(house: Sandbox) -> None:
    notes = str(house.root.parent / "acted.json")
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see("[h] Action: plot")
        terminal.press("h")
        choose(terminal, "On which group?", 2)
        terminal.answer("Arguments for group 1 (empty for none):", f"{notes} --title 'a b' $HOME")
        terminal.see("noted")
        expected = ["--title", "a b", "$HOME", "--storage_path", str(storage(house, 2, 1))]
        assert paged(house, "acted.json") == {"words": expected, "cwd": str(house.root)}
        terminal.see(MENU)
        terminal.press("h")
        choose(terminal, "On which group?", 0)
        terminal.answer("Arguments (empty for none):", "'open")
        terminal.see("no closing quotation (close the quote or escape it)")
        terminal.see(MENU)
        terminal.press("h")
        choose(terminal, "On which group?", 0)
        terminal.answer("Arguments (empty for none):", notes)
        terminal.see("noted")
        assert paged(house, "acted.json")["words"] == ["--storage_path", str(storage(house, 2))]
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_an_action_that_fails_is_said_and_the_menu_comes_again(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "1") as terminal:
        terminal.see("[h] Action: plot")
        terminal.press("h")
        terminal.answer("Arguments (empty for none):", "fail")
        terminal.see("qanat: action plot failed with exit code 3: ")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_metrics_are_printed_with_the_arguments_of_their_groups(house: Sandbox) -> None:
    house.write("hello.sh", 'echo "{loss: 0.$2}" >"$4/metrics.yaml"; [ "$2" != 9 ]')
    house.commit("measure")
    house.qanat("run", "hello", "-R", "--n 5,9,7", code=1)
    with Terminal(house.root, "explore", "hello", "5") as terminal:
        terminal.see(MENU)
        terminal.press("m")
        terminal.see("group 0: --n 5\r\n  loss: 0.5\r\n")
        terminal.see("group 2: --n 7\r\n  loss: 0.7\r\n")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_a_run_is_tagged_commented_on_and_retried(house: Sandbox) -> None:
    written = {"EDITOR": "sh -c 'echo seen > $0'"}
    with Terminal(house.root, "explore", "hello", "3", env=written) as terminal:
        terminal.see("[r] Retry failed groups")
        terminal.see(MENU)
        terminal.press("t")
        terminal.answer("Tags to add, separated by spaces (empty for none):", "good 'for later'")
        terminal.see("Tags of run 3: good, for later")
        terminal.see(MENU)
        terminal.press("w")
        terminal.see("Saved the comment on run 3")
        terminal.see(MENU)
        terminal.press("r")
        terminal.see("Retry 1 group of run 3?")
        terminal.press("y")
        terminal.see("Run 3 of hello failed")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()
    record = house.record(3)
    assert (record["tags"], record["groups"][0]["attempt"]) == (["good", "for later"], 2)
    assert house.record_files()[2].with_suffix(".md").read_text() == "seen\n"


def test_deleting_is_asked_about_and_leaves_when_it_is_done(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see("[g] Delete run")
        terminal.press("g")
        terminal.see("Delete 1 run?")
        terminal.press("n")
        terminal.see(MENU)
        assert storage(house, 2).exists()
        terminal.press("g")
        terminal.see("Delete 1 run?")
        terminal.press("y")
        terminal.see("Deleted run 2; restore its record with: git")
        terminal.ends()
    assert not storage(house, 2).exists()


def test_a_run_of_an_experiment_that_is_gone_can_be_looked_into(house: Sandbox) -> None:
    (house.root / ".qanat/experiments/hello.yaml").unlink()
    with Terminal(house.root, "explore", "hello", "1") as terminal:
        terminal.see(MENU)
        assert "Action" not in terminal.text
        terminal.press("q")
        terminal.ends()


def test_more_actions_than_there_are_keys_can_all_be_taken_and_q_leaves(house: Sandbox) -> None:
    beside = house.root.parent
    names = [f"act{n:02}" for n in range(30)]
    actions = {name: {"executable": "plot.py", "executable_command": shlex.quote(sys.executable)} for name in names}
    content = yaml.safe_load((house.root / ".qanat/experiments/hello.yaml").read_text()) | {"actions": actions}
    house.write(".qanat/experiments/hello.yaml", yaml.safe_dump(content))
    with Terminal(house.root, "explore", "hello", "2", size=(120, 60)) as terminal:
        terminal.see("    Action: act29")
        terminal.see(MENU)
        assert "[z] Action: act12" in terminal.text
        terminal.press(UP, UP, ENTER)
        choose(terminal, "On which group?")
        terminal.answer("Arguments (empty for none):", str(beside / "acted.json"))
        terminal.see("noted")
        assert paged(house, "acted.json")["words"] == ["--storage_path", str(storage(house, 2))]
        terminal.see(MENU)
        (note,) = yaml.safe_load((storage(house, 2) / "actions.yaml").read_text())
        assert note["action"] == "act29"
        terminal.press("q")
        terminal.ends()


# ---- searching


def test_the_runs_are_a_table_with_the_newest_first_and_one_of_them_is_looked_into(house: Sandbox) -> None:
    with Terminal(house.root, "explore") as terminal:
        terminal.see("4 runs. Which run?")
        rows = terminal.see("Leave")
        assert [line.split()[:4] for line in lines(rows)[2:]] == [
            ["Add", "a", "filter"],
            ["»", "4", "other", "local"],
            ["3", "hello", "n=9", "local"],
            ["2", "hello", "n=2,3", "local"],
            ["1", "hello", "For", "figure"],
        ]
        terminal.press(DOWN)
        terminal.see("»")
        redraw(terminal, 41)
        terminal.see("│failed, n=9 ")
        terminal.press(ENTER)
        terminal.see("Run 3 of experiment hello:")
        terminal.see("Status: ❌ failed (exit code 1)")
        terminal.see(MENU)
        terminal.see("└")
        terminal.press("q")
        # The cursor is where it was.
        terminal.see(" » 3      hello")
        leave(terminal)


def test_typing_narrows_the_runs_and_groups(house: Sandbox) -> None:
    with Terminal(house.root, "explore", env=pager(house)) as terminal:
        terminal.see("Leave")
        terminal.press("hello xyz")
        terminal.see("Search all records for hello xyz")
        terminal.press(BACKSPACE * 3 + "PAP")
        terminal.see("paper, v1")
        terminal.press(ESCAPE)
        terminal.see("Leave")
        terminal.press("/papers", CTRL_U, "tt", BACKSPACE, BACKSPACE, "n=2", ENTER)
        terminal.see("Run 2 of experiment hello:")
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("Which group?")
        terminal.see("Back")
        terminal.press("1", ENTER)
        assert paged(house)["words"] == [str(storage(house, 2, 1) / "stdout.txt")]
        terminal.see(MENU)
        terminal.press("q")
        terminal.see("n=2▏ (1 of 4; Esc: show all; q: back)")
        terminal.press("q")
        terminal.ends()


def test_what_was_typed_is_searched_for_in_all_records(house: Sandbox) -> None:
    with Terminal(house.root, "explore") as terminal:
        terminal.see("Leave")
        terminal.press("n<3", ENTER)
        terminal.see("2 runs with n<3. Which run?")
        assert listed(terminal.see("Leave")) == [2, 1]
        terminal.press("after:noon", ENTER)
        terminal.see("'noon' is not a date (character 1 of the condition); ")
        terminal.see("2 runs with n<3. Which run?")
        leave(terminal)


def test_where_there_are_no_runs_it_is_said_how_to_get_one(sandbox: Sandbox) -> None:
    for words, said in (
        ([], "no experiments yet; create one with: qanat experiment new"),
        ([], "no runs yet; start one with: qanat run NAME"),
        (["e"], "no runs yet; start one with: qanat run e"),
    ):
        with Terminal(sandbox.root, "explore", *words) as terminal:
            terminal.see(said)
            terminal.ends()
        if not (sandbox.root / ".qanat/experiments/e.yaml").exists():
            sandbox.experiment("e", "exit 0")


def test_with_a_name_there_are_only_the_runs_of_that_experiment(house: Sandbox) -> None:
    with Terminal(house.root, "experiment", "run_explore", "hello") as terminal:
        terminal.see("3 runs")
        leave(terminal)
        assert "other" not in terminal.text


def test_runs_are_found_by_what_they_are(house: Sandbox) -> None:
    # No code was changed in between.
    commit = house.record(1)["code"]["commit"][:10]
    with Terminal(house.root, "explore") as terminal:
        for field, value, found in (
            ("parameter", "--n=1", [1]),
            ("parameter", "n>2", [3, 2]),
            ("tag", "paper", [2, 1]),
            ("description", "FIGURE", [1]),
            ("state", "4", [3]),
            ("runner", "local", [4, 3, 2, 1]),
            ("runner", "slurm", []),
            ("commit", commit, [4, 3, 2, 1]),
            ("after", "2000-01-01", [4, 3, 2, 1]),
            ("before", "2000-01-01", []),
        ):
            filter_by(terminal, field, value)
            terminal.see(f"{len(found)} run{'' if len(found) == 1 else 's'} with ")
            assert listed(terminal.see("Leave")) == found
            terminal.press(HOME, DOWN, ENTER)
            terminal.see("4 runs. Which")
        leave(terminal)


def test_filters_add_up_and_can_be_reset(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("3 runs")
        filter_by(terminal, "tag", "paper")
        terminal.see("2 runs with tag=paper")
        filter_by(terminal, "parameter", "n < 3 or metric.acc > 1")
        terminal.see("no run has the metric 'acc' (character 10 of the condition); there are none")
        terminal.see("2 runs with tag=paper. Which")
        filter_by(terminal, "parameter", "n < 3")
        terminal.see("2 runs with tag=paper, n < 3")
        filter_by(terminal, "description", "figure")
        terminal.see("1 run with tag=paper, n < 3, text:figure")
        filter_by(terminal, "state", "4")
        terminal.see("0 runs with tag=paper, n < 3, text:figure, state=failed")
        terminal.see("Leave")
        terminal.press(ENTER)  # nothing is left to choose, so the cursor is there
        terminal.see("3 runs. Which")
        leave(terminal)


def test_a_filter_that_cannot_be_read_is_said_and_changes_nothing(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        filter_by(terminal, "after", "tomorrow")
        terminal.see("'tomorrow' is not a date (character 1 of the condition); write it as 2026-11-23, ")
        terminal.see("3 runs. Which")
        filter_by(terminal, "parameter", "n < 3 or")
        terminal.see("a condition is missing (character 9 of the condition); for example: ")
        terminal.see("3 runs. Which")
        leave(terminal)


def test_of_many_runs_the_others_are_read_when_they_are_asked_for(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "exit 0")
    sandbox.qanat("run", "--tag", "young", "hello")
    copy_record(sandbox, 250)
    with Terminal(sandbox.root, "explore", size=(80, 24)) as terminal:
        terminal.see("250 runs. Which run?")
        terminal.see(" » 250 ")
        terminal.see("└")
        terminal.press(END, UP)
        terminal.see(" » 1 ")
        redraw(terminal, 26)
        terminal.see("└")
        terminal.press("nothing", CTRL_U, "17", ENTER)
        terminal.see("Run 17 of experiment hello:")
        terminal.see(MENU)
        terminal.press("q")
        terminal.see(" » 17 ")
        terminal.see("└")
        terminal.press("q")
        terminal.ends()


def test_a_run_that_is_deleted_is_not_in_the_list_any_more(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("3 runs")
        choose(terminal, "Which run?")
        terminal.see("[g] Delete run")
        terminal.press("g")
        terminal.see("Delete 1 run?")
        terminal.press("y")
        terminal.see("2 runs. Which")
        leave(terminal)


# ---- leaving


def test_ctrl_c_leaves_and_is_no_failure(house: Sandbox) -> None:
    for words in ([], ["hello"], ["hello", "1"]):
        with Terminal(house.root, "explore", *words) as terminal:
            terminal.see("q or Esc: back)")
            terminal.press(CTRL_C)
            terminal.ends()


@pytest.mark.parametrize("key", ["q", ESCAPE])
def test_q_and_escape_go_back_from_every_menu(house: Sandbox, key: str) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("Leave")
        terminal.press(DOWN, ENTER)
        terminal.see(MENU)
        for question in ("Which group?", "On which group?"):
            terminal.press("a" if question == "Which group?" else "h")
            terminal.see(question)
            terminal.see("Back")
            terminal.press(key)
            terminal.see(MENU)
        terminal.press(key)
        terminal.see("Leave")
        terminal.press(HOME, ENTER)  # add a filter
        terminal.see("Launched before a date")
        terminal.press(key)
        terminal.see("Leave")
        terminal.press(key)
        terminal.ends()


def test_escape_goes_back_from_questions_that_are_answered_by_typing(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("Leave")
        terminal.press(HOME, ENTER)
        choose(terminal, "Filter by:", FIELDS.index("tag"))
        terminal.see("Value:")
        terminal.press("paper", ESCAPE)
        terminal.see("3 runs. Which run?")
        terminal.see("Leave")
        terminal.press("1", ENTER)
        terminal.see(MENU)
        for key, question in (("h", "Arguments (empty"), ("g", "Delete 1 run?")):
            terminal.press(key)
            terminal.see(question)
            terminal.press(ESCAPE)
            terminal.see(MENU)
        terminal.press(ESCAPE)
        terminal.see("1▏ (3 of 3; Esc: show all; q: back)")
        terminal.press(ESCAPE)
        leave(terminal)


def test_a_run_that_was_deleted_meanwhile_is_said_above_the_list(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("Leave")
        house.qanat("delete", "3", "--yes")
        terminal.press(ENTER)
        terminal.see("run 3-")
        terminal.see("does not exist")
        terminal.see("2 runs. Which run?")
        leave(terminal)


def test_of_the_groups_one_can_go_back_without_a_key(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see(MENU)
        terminal.press("a")
        terminal.see("Back")
        terminal.press(UP, ENTER)
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


@pytest.mark.parametrize("columns", [80, 200])
def test_every_row_of_the_menus_fits_its_terminal(house: Sandbox, columns: int) -> None:
    house.qanat("run", "--description", "long " * 100, "hello", "--name", "x" * 300)
    with Terminal(house.root, "explore", size=(columns, 40)) as terminal:
        terminal.see("Which run?")
        shown = terminal.see("└")
        assert "   Add a filter" in shown
        assert all(cells(line) <= columns for line in lines(shown))
        assert any(line.startswith(" » 5 ") and "  long long" in line and "…" in line for line in lines(shown))
        terminal.press(ENTER)
        terminal.see(MENU)
        assert all(cells(line) <= columns for line in lines(terminal.see("└")))
        terminal.press("q")
        terminal.see("└")
        terminal.press("q")
        terminal.ends()


def test_what_an_entry_says_stands_right_above_the_menu(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello", "2") as terminal:
        terminal.see("Run 2 of experiment hello:")
        terminal.see(MENU)
        terminal.press("d")
        terminal.see("no comment yet; write one with: ")
        assert "Run 2 of experiment hello:" not in terminal.see("Explore menu")
        terminal.see(MENU)
        terminal.press("q")
        terminal.ends()


def test_ctrl_c_at_a_question_goes_back_to_where_it_was_asked(house: Sandbox) -> None:
    with Terminal(house.root, "explore", "hello") as terminal:
        terminal.see("Leave")
        terminal.press(HOME, ENTER)
        terminal.see("Launched before a date")
        terminal.press(CTRL_C)
        terminal.see("3 runs. Which")
        choose(terminal, "run?", 1)
        terminal.see("[h] Action: plot")
        terminal.press("h")
        terminal.see("On which group?")
        terminal.press(CTRL_C)
        terminal.see(MENU)
        terminal.press("q")
        leave(terminal)


def test_without_a_terminal_it_is_said_what_to_use_instead(house: Sandbox) -> None:
    for words in ([], ["hello"], ["hello", "1"]):
        result = house.qanat("explore", *words, code=2)
        said = "cannot prompt without a terminal"
        assert result.err == f"qanat: {said}\n  hint: use qanat status, qanat show RUN or qanat logs RUN\n"


def test_what_is_not_there_is_said(house: Sandbox) -> None:
    for words, said in (
        (["helo"], "qanat: experiment 'helo' does not exist"),
        (["hello", "9"], "qanat: run 9 of hello does not exist"),
        (["other", "1"], "qanat: run 1 of other does not exist"),
    ):
        with Terminal(house.root, "explore", *words) as terminal:
            terminal.see(said)
            terminal.ends(2)


def test_nothing_that_a_record_says_steers_the_terminal(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "exit 0")
    evil = "\x1b]0;trap\x07\x9b31m[bold]\nnext"
    sandbox.qanat("run", "--description", evil, "--tag", evil, "hello", "--n", evil)
    sandbox.qanat("run", "hello", "-R", "--n 1,2", "--m", evil)
    with Terminal(sandbox.root, "explore", "hello") as terminal:
        choose(terminal, "Which run?", 1)
        terminal.see("[bold]")
        terminal.see(MENU)
        terminal.press("c")
        terminal.see("--n: ")
        terminal.see(MENU)
        terminal.press("q")
        leave(terminal)
        assert "]0;trap\x07" not in terminal.raw
        assert "\x9b" not in terminal.raw
