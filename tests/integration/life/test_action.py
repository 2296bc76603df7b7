"""Actions: programs of an experiment that work on the results of a run."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.life.copies import copy_of
from tests.integration.life.endings import exit_code
from tests.support.sandbox import Sandbox, wait_until
from tests.support.terminal import CTRL_C, Terminal

PLOT = """\
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
(folder / "plot.json").write_text(json.dumps({"args": sys.argv[1:], "cwd": os.getcwd()}))
print("plotted")
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with an experiment that has actions, a run of one group and one of three."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.write("plot.py", PLOT)
    sandbox.write("wait.sh", ': >"$2/begun"; while :; do sleep 0.02; done')
    actions = [
        {
            "plot": {
                "name": "plot",
                "executable": "plot.py",
                "executable_command": shlex.quote(sys.executable),
                "description": "Plot",
            }
        },
        {"wait": {"name": "wait", "executable": "wait.sh", "executable_command": "sh"}},
        {"gone": {"name": "gone", "executable": "gone.py"}},
        {"odd": {"name": "odd", "executable": "plot.py", "executable_command": "no-such-program"}},
    ]
    content = {"name": "draws", "executable": "draws.sh", "executable_command": "sh", "actions": actions}
    sandbox.write("draws.sh", "exit 0")
    sandbox.write("draws.yaml", yaml.safe_dump(content))
    sandbox.write("gone.py", "").chmod(0o755)
    sandbox.qanat("experiment", "new", "-f", "draws.yaml")
    (sandbox.root / "gone.py").unlink()
    sandbox.commit()
    sandbox.qanat("run", "draws")
    sandbox.qanat("run", "draws", "-R", "--n 0,1,2")
    return sandbox


@pytest.fixture
def plotted(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def storage(sandbox: Sandbox, run: int, group: int | None = None) -> Path:
    folder = sandbox.root / f"results/draws/run_{run}"
    return folder if group is None else folder / f"group_{group}"


def seen(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plot.json").read_text())
    return found


def notes(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((folder / "actions.yaml").read_text())
    return found


def test_an_action_runs_in_the_project_and_gets_its_words_and_the_storage_path(plotted: Sandbox) -> None:
    deep = plotted.root / "deep"
    deep.mkdir()
    words = ["--output", "a b.png", "-n", "3", "--", "--group_no", "x"]
    for begin in (["action"], ["experiment", "action"]):
        result = plotted.qanat(*begin, "draws", "plot", "1", *words, cwd=deep)
        assert (result.out, result.err) == ("plotted\n", "")
        folder = storage(plotted, 1)
        expected = ["--output", "a b.png", "-n", "3", "--group_no", "x", "--storage_path", str(folder)]
        assert seen(folder) == {"args": expected, "cwd": str(plotted.root)}


def test_an_action_on_one_group_gets_that_groups_directory(plotted: Sandbox) -> None:
    plotted.qanat("action", "draws", "plot", "2", "--group_no", "1", "x")
    assert seen(storage(plotted, 2, 1))["args"] == ["x", "--storage_path", str(storage(plotted, 2, 1))]
    plotted.qanat("action", "--group-no", "0", "draws", "plot", "1")
    assert seen(storage(plotted, 1))["args"][-1] == str(storage(plotted, 1))
    plotted.qanat("action", "draws", "plot", "2")
    assert seen(storage(plotted, 2))["args"][-1] == str(storage(plotted, 2))
    result = plotted.qanat("action", "draws", "plot", "2", "--group_no", "3", code=2)
    assert result.err == "qanat: run 2 has no group 3\n  hint: its groups are 0 to 2\n"


def test_words_reach_the_action_as_they_are_and_no_shell_sees_them(plotted: Sandbox) -> None:
    words = ["$(touch trap)", "; touch trap", "a\nb", "*", "'\"", ""]
    plotted.qanat("action", "draws", "plot", "1", *words)
    assert seen(storage(plotted, 1))["args"][:6] == words
    assert notes(storage(plotted, 1))[0]["command"][2:8] == words
    assert not (plotted.root / "trap").exists()


def test_the_exit_code_is_passed_on_and_said(plotted: Sandbox) -> None:
    result = plotted.qanat("action", "draws", "plot", "1", "x y", code=7, env={"CODE": "7"})
    assert result.err.startswith(
        f"qanat: action plot failed with exit code 7: {shlex.quote(sys.executable)} plot.py 'x y' --storage_path "
    )


def test_every_action_is_noted_in_the_directory(plotted: Sandbox) -> None:
    head = plotted.git("rev-parse", "HEAD")
    plotted.qanat("action", "draws", "plot", "2", "--n: [", "#")
    plotted.qanat("action", "draws", "plot", "2", code=3, env={"CODE": "3"})
    plotted.qanat("action", "draws", "plot", "2", "--group_no", "1")
    first, second = notes(storage(plotted, 2))
    assert list(first) == ["at", "action", "commit", "command", "exit_code", "made"]
    assert (first["made"], second["made"]) == (["plot.json"], [])
    assert (first["action"], first["commit"], first["exit_code"]) == ("plot", head, 0)
    assert first["command"] == [sys.executable, "plot.py", "--n: [", "#", "--storage_path", str(storage(plotted, 2))]
    assert second["exit_code"] == 3
    assert len(notes(storage(plotted, 2, 1))) == 1
    assert (storage(plotted, 2) / "actions.yaml").read_text().count("\n") == 2


def test_files_of_any_name_may_be_made(plotted: Sandbox) -> None:
    plotted.write(
        "plot.py",
        "import os, sys\nfor name in (b'a: b\\n', b'\\xff'): open(os.fsencode(sys.argv[2]) + b'/' + name, 'w')\n",
    )
    plotted.qanat("action", "draws", "plot", "1")
    assert notes(storage(plotted, 1))[0]["made"] == ["a: b\n"]


@pytest.mark.parametrize("change", ["dirty", "committed"])
def test_a_program_that_is_not_the_runs_is_shown_as_a_difference(plotted: Sandbox, change: str) -> None:
    plotted.write("plot.py", PLOT.replace('"plotted"', '"drawn"'))
    if change == "committed":
        plotted.commit()
    result = plotted.qanat("action", "draws", "plot", "1")
    assert result.out == "drawn\n"
    assert result.err.startswith("note: plot.py differs from the commit of the run:\ndiff --git ")
    assert '-print("plotted")\n+print("drawn")\n' in result.err


def test_a_change_of_another_file_is_not_shown(plotted: Sandbox) -> None:
    plotted.write("draws.sh", "exit 1")
    plotted.commit()
    assert plotted.qanat("action", "draws", "plot", "1").err == ""


def test_what_keeps_an_action_from_running_is_said(plotted: Sandbox) -> None:
    for words, code, message in (
        ("draws plt 1", 2, "experiment draws has no action 'plt'\n  hint: available: plot"),
        ("draws zzzzzz 1", 2, "experiment draws has no action 'zzzzzz'\n  hint: available: gone, odd, plot, wait"),
        (
            "draws gone 1",
            2,
            "action gone: executable gone.py does not exist\n  hint: correct it with: qanat experiment update",
        ),
        ("draws odd 1", 3, "no-such-program could not be started: no such file or directory"),
    ):
        result = plotted.qanat("action", *words.split(), code=code)
        assert result.err.lower().startswith(f"qanat: {message}".lower())
    assert not (storage(plotted, 1) / "actions.yaml").exists()
    (storage(plotted, 1)).rename(plotted.root / "away")
    result = plotted.qanat("action", "draws", "plot", "1", code=2)
    assert result.err == (
        f"qanat: the results of run 1 are missing: {storage(plotted, 1)}\n"
        "  hint: results are not in git: copy them from where the run was made, or repeat it with: qanat rerun 1\n"
    )


def test_a_word_that_is_not_utf8_is_refused_before_anything_runs(plotted: Sandbox) -> None:
    result = plotted.qanat("action", "draws", "plot", "1", os.fsdecode(b"\xff"), code=2)
    assert "is not UTF-8\n" in result.err
    assert not (storage(plotted, 1) / "plot.json").exists()


def test_an_action_that_a_signal_ends_has_that_exit_code(plotted: Sandbox) -> None:
    process = plotted.start("action", "draws", "wait", "1")
    wait_until((storage(plotted, 1) / "begun").exists)
    os.killpg(process.pid, signal.SIGTERM)
    assert exit_code(process) == -signal.SIGTERM


def test_ctrl_c_ends_the_action_and_is_noted(plotted: Sandbox) -> None:
    with Terminal(plotted.root, "action", "draws", "wait", "1") as terminal:
        wait_until((storage(plotted, 1) / "begun").exists)
        terminal.press(CTRL_C)
        terminal.see("qanat: action wait failed with exit code 130")
        terminal.ends(130)
    assert [note["exit_code"] for note in notes(storage(plotted, 1))] == [130]


def test_an_action_has_the_terminal(plotted: Sandbox) -> None:
    plotted.write("wait.sh", 'read -p "Which colour? " colour && echo "drawn in $colour"')
    plotted.write(
        ".qanat/experiments/draws.yaml",
        (plotted.root / ".qanat/experiments/draws.yaml")
        .read_text()
        .replace("executable_command: sh\n", "executable_command: bash\n"),
    )
    with Terminal(plotted.root, "action", "draws", "wait", "1") as terminal:
        terminal.answer("Which colour? ", "blue")
        terminal.see("drawn in blue")
        terminal.ends()
