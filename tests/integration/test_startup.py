"""Start-up: what `qanat --help` loads, and the help of every command; all in real processes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import qanat
from qanat.testing.sandbox import PROGRAM, call
from tests.support.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SLOW = (
    "pygit2 yaml jsonschema questionary prompt_toolkit rich sqlite3 subprocess dataclasses pathlib json difflib shlex"
    " tempfile htcondor2 numpy pandas"
)
LOADED = """
import json, sys
before = set(sys.modules)
from qanat.cli.main import main
sys.argv = ["qanat", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write(json.dumps(sorted(sys.modules.keys() - before)))
"""
HELP = """
import contextlib, io, json, sys
import click
from qanat.cli.lazy import LazyGroup
from qanat.cli.main import main, qanat

def walk(command, words):
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), [*words, name])

def line(group, name):
    if not isinstance(group, LazyGroup):
        return group.commands[name].get_short_help_str(limit=1000)
    return {name: line for lines in group.help_lines().values() for name, line in lines.items()}[name]

commands = {}
for words, command in walk(qanat, []):
    sys.argv = ["qanat", *words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as end:
            code = end.code
    lines = {}
    if isinstance(command, click.Group):
        lines = {name: line(command, name) for name in command.list_commands(click.Context(command))}
    commands[" ".join(words)] = {"code": code, "help": out.getvalue(), "lines": lines, "doc": command.help}
print(json.dumps(commands))
"""


def loaded(*words: str, cwd: Path | None = None) -> list[str]:
    """List the modules that a command loads beyond those that Python has already loaded."""
    result = call([sys.executable, "-c", LOADED, *words], cwd or Path.cwd())
    modules: list[str] = json.loads(result.err.splitlines()[-1])
    return modules


@pytest.fixture(scope="module")
def commands() -> dict[str, dict[str, Any]]:
    """Ask every command for its help, in one process in which a warning is an error."""
    found: dict[str, dict[str, Any]] = call([sys.executable, "-W", "error", "-c", HELP], Path.cwd()).json
    return found


def test_help_loads_click_and_nothing_else_that_takes_time() -> None:
    modules = loaded("--help")
    assert [name for name in modules if name.partition(".")[0] in SLOW.split()] == []
    ours = {name for name in modules if name.partition(".")[0] == "qanat"}
    assert ours == {
        "qanat",
        "qanat.cli",
        "qanat.cli.commands",
        "qanat.cli.commands.table",
        "qanat.cli.lazy",
        "qanat.cli.main",
        "qanat.cli.surroundings",
        "qanat.cli.options",
        "qanat.cli.program",
        "qanat.cli.terminal",
        "qanat.cli.terminal.output",
        "qanat.errors",
    }


@pytest.mark.parametrize("command", ["run", "status", "experiment", "dataset list", "init", "validate"])
def test_the_help_of_a_command_loads_no_heavy_library(command: str) -> None:
    heavy = {"pygit2", "yaml", "jsonschema", "questionary", "prompt_toolkit", "rich", "htcondor2", "numpy"}
    assert heavy & {name.partition(".")[0] for name in loaded(*command.split(), "--help")} == set()


def test_a_run_here_loads_nothing_of_schedulers_checkouts_and_ranges(sandbox: Sandbox) -> None:
    sandbox.experiment("t", "exit 0\n")
    sandbox.qanat("run", "t")
    modules = set(loaded("run", "t", "1", "--lr", "0.1", cwd=sandbox.root))
    late = (
        *("jsonschema", "questionary", "rich", "decimal", "qanat.domain.ranges", "qanat.runners.protocol"),
        *("qanat.runners.slurm.about", "qanat.runners.htcondor.about", "qanat.usecases.launch.submit"),
        *("qanat.usecases.launch.checkouts", "qanat.git.checkout", "qanat.git.identity"),
        "qanat.usecases.tracking.refresh",
    )
    assert "qanat.usecases.launch.launch" in modules
    assert modules.isdisjoint(late), modules.intersection(late)


def test_a_listing_loads_nothing_of_environments(sandbox: Sandbox) -> None:
    sandbox.experiment("t", "exit 0\n")
    sandbox.qanat("run", "t")
    modules = set(loaded("runs", cwd=sandbox.root))
    assert "qanat.records.run_codec" in modules
    assert modules.isdisjoint(("qanat.records.environments", "qanat.domain.environment", "qanat.domain.machine"))


def test_the_version_names_the_commit_of_a_checkout_of_qanat_and_of_no_other_repository(tmp_path: Path) -> None:
    copy = Sandbox(tmp_path / "copy")
    for file in (ROOT / "qanat").rglob("*.py"):
        copy.write(file.relative_to(ROOT).as_posix(), file.read_text())
    project = tmp_path / "elsewhere"
    project.mkdir()

    def version() -> str:
        started = [sys.executable, "-W", "error", "-m", "qanat", "--version"]
        result = call(started, project, env={"PYTHONPATH": str(copy.root)})
        assert result.err == ""
        return result.out

    plain = f"qanat {qanat.__version__}\n"
    assert re.fullmatch(r"qanat [0-9]+\.[0-9]+\.[0-9]+\n", plain)
    assert version() == plain
    copy.git("init", "--quiet")
    copy.write("pyproject.toml", '[project]\nname = "qanat"\n')
    assert version() == plain
    commit = copy.commit("everything")[:10]
    assert version() == f"qanat {qanat.__version__} (commit {commit})\n"
    copy.write("pyproject.toml", '[project]\nname = "qanat"\nversion = "2"\n')
    assert version() == f"qanat {qanat.__version__} (commit {commit}, modified)\n"
    copy.write("pyproject.toml", '[project]\nname = "a-project-with-a-copy-of-qanat"\n')
    assert version() == plain


def test_help_works_outside_of_any_project_and_lists_every_command(
    tmp_path: Path, commands: dict[str, dict[str, Any]]
) -> None:
    result = call([*PROGRAM, "--help"], tmp_path, env={"COLUMNS": "80"})
    assert result.err == ""
    for name, line in commands[""]["lines"].items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", result.out, re.MULTILINE)


def test_every_command_of_the_design_is_there(commands: dict[str, dict[str, Any]]) -> None:
    expected = [
        "init",
        "run",
        "status",
        "validate",
        "config show",
        "config edit",
        "experiment run",
        "experiment status",
    ]
    expected += [f"{kind} {verb}" for kind in ("experiment", "dataset", "template") for verb in ("new", "list", "show")]
    expected += [f"{kind} {verb}" for kind in ("experiment", "dataset", "template") for verb in ("update", "delete")]
    assert set(expected) <= commands.keys()


def test_every_command_has_help_and_an_example(commands: dict[str, dict[str, Any]]) -> None:
    assert [name for name, found in commands.items() if found["code"] != 0] == []
    without = [name for name, found in commands.items() if name and not re.search(r"Example:\n +qanat ", found["help"])]
    assert without == []


def test_every_example_is_about_the_command_that_shows_it(commands: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for name, found in commands.items():
        examples = found["help"].partition("Example:")[2]
        own = {name, name.removeprefix("experiment ").removeprefix("run-")}
        if name and not any(f"qanat {words}" in examples for words in own):
            wrong.append(name)
    assert wrong == []


def test_every_command_has_a_line_in_the_table_of_its_group(commands: dict[str, dict[str, Any]]) -> None:
    lines = {f"{group} {name}": line for group, found in commands.items() for name, line in found["lines"].items()}
    assert {name: line for name, line in lines.items() if not re.fullmatch(r"[A-Z].+[^.]\.?", line)} == {}


def test_every_command_says_what_it_does_in_a_sentence(commands: dict[str, dict[str, Any]]) -> None:
    docs = {name: (found["doc"] or "").partition("\n")[0] for name, found in commands.items()}
    assert {name: doc for name, doc in docs.items() if not re.fullmatch(r"[A-Z].+\.", doc)} == {}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("runn", "no such command 'runn'; did you mean run or runs or rerun?", "qanat --help"),
        ("zzz", "no such command 'zzz'", "qanat --help"),
        ("experiment nwe", "no such command 'nwe'; did you mean new?", "qanat experiment --help"),
        ("run iris -g", "option -g requires a value", "see --help"),
    ],
)
def test_words_that_make_no_command_are_answered_with_a_sentence(
    tmp_path: Path, words: str, message: str, hint: str
) -> None:
    result = call([*PROGRAM, *words.split()], tmp_path, code=2)
    assert (result.out, result.err) == ("", f"qanat: {message}\n  hint: {hint}\n")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        # These sentences are click's own, and differ a little from version to version.
        ("--nope", ["no such option", "--nope"], "qanat --help"),
        ("run -x iris", ["no such option", "-x"], "qanat run --help"),
        ("run", ["missing argument", "NAME"], "qanat run --help"),
        ("run iris --n_threads x", ["--n-threads", "x"], "qanat run --help"),
        ("run iris -j 0", ["-j", "0"], "qanat run --help"),
        ("dataset lst", ["no such command", "lst"], "qanat dataset --help"),
        ("-C /nowhere status", ["-C", "/nowhere"], "qanat --help"),
    ],
)
def test_wrong_options_are_answered_with_a_sentence(tmp_path: Path, words: str, said: list[str], hint: str) -> None:
    result = call([*PROGRAM, *words.split()], tmp_path, code=2)
    message, hint_line = result.err.splitlines()
    assert message.startswith("qanat: ")
    assert [part for part in said if part not in message] == []
    assert hint_line == f"  hint: {hint}"
    assert result.out == ""


@pytest.mark.parametrize("words", [[], ["experiment"]])
def test_a_group_without_a_command_shows_its_help(tmp_path: Path, words: list[str]) -> None:
    result = call([*PROGRAM, *words], tmp_path, code=2)
    assert "Set up a project:" in result.err or "Manage experiments:" in result.err


def test_a_hook_loads_its_own_rule_and_no_other(tmp_path: Path) -> None:
    code = LOADED.replace("qanat.cli.main", "qanat_hooks.hook").replace('["qanat",', '["qanat-hook",')
    call(["git", "init", "--quiet"], tmp_path)
    loaded = call([sys.executable, "-c", code, "no-secrets"], tmp_path).err
    prefix = "qanat.usecases.checks.rules."
    rules = [name for name in json.loads(loaded) if name.startswith(prefix)]
    assert rules == [f"{prefix}no_secrets"]
    assert not {"jsonschema", "click", "rich"} & set(json.loads(loaded))
