"""Completion: what real shells show when Tab is pressed, and what is offered where."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.cli.completion import skeleton
from qanat.runners.registry import BUILT_IN
from tests.integration.test_startup import LOADED
from tests.support.sandbox import PROGRAM, Sandbox, call
from tests.support.terminal import ENTER, Terminal

pytestmark = pytest.mark.xdist_group("completion")  # one project for all of it
TAB = "\t"
ENDS = (".min", ".max", ".last", ".count")
DESCRIPTIONS = {1: "first try", 2: "second, with: commas", 3: "\x1b]0;owned\x07\nthird 'quoted'"}
ACTION = {"executable": "greet.sh", "executable_command": "sh"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with two experiments, three runs, a dataset, templates and actions."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("completion") / "my project")
    actions = {"plot": {**ACTION, "description": "Plot it"}, "export": ACTION}
    sandbox.experiment("greet", "echo hello\n", description="Says hello", actions=actions)
    sandbox.experiment("other", """echo '{"acc": 1}' >"$8/metrics.json"\n""")
    sandbox.write("data/iris.csv", "1\n")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data/iris.csv", "--commit")
    sandbox.qanat("template", "new", "--name", "two_cpus", "--runner", "slurm", "-o", "--time=1:00", "--commit")
    sandbox.commit()
    for text in DESCRIPTIONS.values():
        sandbox.qanat("run", "greet", "--description", text)
    sandbox.qanat("run", "other", "--lr", "1", "-lr", "2", "--state", "on")
    sandbox.qanat("status")
    return sandbox


def ask(project: Sandbox, *words: str, cwd: Path | None = None, shell: str = "bash", **env: str) -> list[str]:
    """Ask as a shell's script does while the last argument is typed; nothing may go to stderr."""
    asking = {"_QANAT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "\n".join(map(shlex.quote, ("qanat", *words)))}
    result = project.qanat(cwd=cwd, env=asking | {"COMP_CWORD": str(len(words)), "COMP_TYPE": "9"} | env)
    assert result.err == ""
    return result.out.removesuffix("\n").split("\n")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sta", "status"),
        ("experiment s", "show status"),
        ("dataset sh", "show"),
        ("run g", "greet"),
        ("experiment run g", "greet"),
        ("init --template p", "python"),
        ("experiment run_d", "run-delete"),
        ("experiment run_delete greet ", "3 2 1"),
        ("experiment status ", "greet other"),
        ("explore o", "other"),
        ("explore greet ", "3 2 1"),
        ("show ", "4 3 2 1"),
        ("cancel 4 3 ", "2 1"),
        ("compare 1 ", "4 3 2"),
        ("runs o", "other"),
        ("runs --format l", "latex"),
        ("runs --where sta", "state started"),
        ("runs --where l", "lr"),
        ("runs --where fres", "fresh"),
        ("runs --where par", "parameter.state"),
        ("runs --where=l", "lr"),
        ("runs greet --where l", "lr"),
        ("runs --sort a", "attempt author"),
        ("runs --columns run,dura", "run,duration"),
        ("experiment rerun other ", "4"),
        ("action greet ", "plot export"),
        ("action greet plot ", "3 2 1"),
        ("action other plot ", "4"),
        ("dataset show ", "iris"),
        ("template show ", "default default two_cpus"),
        ("template show --runner htcondor ", "default"),
        ("run --runner slurm --submit_template t", "two_cpus"),
        ("run greet --runner ", " ".join(BUILT_IN)),
        ("run greet -j 2 --runner lo", "local"),
        ("experiment update greet --dataset ", "iris"),
        ("tag 4 ", "add remove"),
        ("compare --format m", "markdown"),
        ("compare --metric a", "acc"),
        ("compare --better a", "acc"),
        ("compare --sort met", "metric.acc"),
        ("experiment update other --label a", "acc"),
        ("experiment update other --baseline ", "acc"),
        ("completion ", "bash zsh fish"),
        ("nonsense ", ""),
        ("run -g ", ""),
        ("show nonsense", ""),
    ],
)
def test_names_are_offered_where_they_belong(project: Sandbox, words: str, offered: str) -> None:
    assert ask(project, *words.split(" ")) == ["plain", *offered.split()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("run --dry", ["--dry-run"]),
        ("run --dry_", ["--dry-run"]),
        ("run greet --dry", ["--dry-run"]),
        ("run greet --alpha 1 --sub", ["--submit-template"]),
        ("run greet -t", []),
        ("run -t", ["-t"]),
        ("run greet --snapshot --snap", []),
        ("action greet plot 1 --g", ["--group"]),
        ("show --", ["--json", "--help"]),
        ("-C . show --j", ["--json"]),
    ],
)
def test_an_option_is_offered_once_and_with_dashes(project: Sandbox, words: str, offered: list[str]) -> None:
    assert ask(project, *words.split(" ")) == ["plain", *offered]


def test_the_last_name_of_a_condition_is_completed(project: Sandbox) -> None:
    before = "tag='x y' and (state!=failed or "
    assert ask(project, "runs", "--where", f"{before}metr") == ["plain", f"{before}metric.acc"]
    assert ask(project, "runs", "--where", f"{before}sta") == ["plain", f"{before}state", f"{before}started"]


@pytest.mark.parametrize(
    "words",
    ["run greet ", "run greet --alpha ", "run greet -t ", "run greet -- --dry", "run -f ", "action greet plot 1 "],
)
def test_words_of_the_program_are_completed_as_files(project: Sandbox, words: str) -> None:
    assert ask(project, *words.split(" ")) == ["file"]


def test_runs_are_described_and_no_control_character_gets_through(project: Sandbox) -> None:
    listed = ask(project, "show", "", COMP_TYPE="63", COLUMNS="60")
    assert listed[1:] == [
        "4  other",
        r"3  greet: \x1b]0;owned\x07\nthird 'quoted'",
        "2  greet: second, with: commas",
        "1  greet: first try",
    ]
    assert (
        ask(project, shell="fish", COMP_WORDS="qanat show ", COMP_CWORD="")[2] == "plain,2\tgreet: second, with: commas"
    )
    assert max(map(len, ask(project, "show", "", COMP_TYPE="63", COLUMNS="20"))) <= 20


def test_a_number_that_two_runs_have_is_offered_as_ids(project: Sandbox, tmp_path: Path) -> None:
    copy = Sandbox(tmp_path / "copy")
    shutil.copytree(project.root, copy.root, symlinks=True)
    own = copy.record_files()[0]
    own.with_name("1-abcdef.yaml").write_text(own.read_text().replace(own.stem, "1-abcdef"))
    assert sorted(ask(copy, "show", "1")) == sorted(["plain", own.stem, "1-abcdef"])
    assert ask(copy, "show", "2-") == ["plain", copy.record_files()[2].stem]


def test_of_many_runs_the_newest_are_offered_and_what_all_begin_with_is_right(tmp_path: Path) -> None:
    sandbox = Sandbox.make(tmp_path / "many")
    folder = sandbox.root / ".qanat/runs/greet"
    for number in range(1, 991):
        (folder / str(number // 100)).mkdir(parents=True, exist_ok=True)
        (folder / str(number // 100) / f"{number}-abcdef.yaml").write_text("")
    offered = ask(sandbox, "show", "")[1:]
    assert offered[:3] == ["990", "989", "988"]
    # All of the newest begin with 9 or 8; a shell that was offered no other would fill in too much.
    assert set("19") <= {word[0] for word in offered}
    assert ask(sandbox, "show", "98")[1:] == [*map(str, range(989, 979, -1)), "98"]


@pytest.mark.parametrize("words", ["run ", "show ", "template show ", "action greet ", "experiment show "])
def test_outside_of_a_project_nothing_is_offered_and_nothing_said(project: Sandbox, tmp_path: Path, words: str) -> None:
    expected = ["file"] if words.startswith("template") else ["plain"]
    assert ask(project, *words.split(" "), cwd=tmp_path) == expected


def test_another_folder_is_looked_into_where_one_is_named(project: Sandbox, tmp_path: Path) -> None:
    assert ask(project, "-C", str(project.root), "run", "", cwd=tmp_path) == ["plain", "greet", "other"]


def test_broken_files_are_passed_over(sandbox: Sandbox) -> None:
    sandbox.write(".qanat/experiments/broken.yaml", "actions: [1\n")
    sandbox.write(".qanat/experiments/a b.yaml", "")
    sandbox.write(".qanat/experiments/odd.yaml", "actions: {plot: 3, 'a b': {}}\n")
    (sandbox.root / ".qanat/experiments/folder.yaml").mkdir()
    assert ask(sandbox, "run", "") == ["plain", "broken", "odd"]
    assert ask(sandbox, "action", "broken", "") == ["plain"]
    assert ask(sandbox, "action", "odd", "") == ["plain", "plot"]
    assert ask(sandbox, "action", "../../x", "") == ["plain"]


def test_completing_loads_neither_commands_nor_heavy_libraries(project: Sandbox) -> None:
    env = {"_QANAT_COMPLETE": "bash_complete", "COMP_WORDS": "qanat\nshow\n4", "COMP_CWORD": "2"}
    loaded = call([sys.executable, "-c", LOADED], project.root, env=env).err
    found = [name for name in ("pygit2", "jsonschema", "rich", "questionary", '"yaml"', "sqlite3") if name in loaded]
    assert found == []
    assert "qanat.cli.commands.runs" not in loaded
    assert "qanat.usecases.complete_names" in loaded


def test_the_skeleton_of_the_commands_is_up_to_date() -> None:
    current = call(
        [sys.executable, "-c", "from qanat.cli.completion import generate; print(generate.text(), end='')"], Path.cwd()
    )
    assert Path(skeleton.FILE).read_text() == current.out, "an option or a command has changed: make skeleton"


def test_every_argument_that_names_something_is_completed() -> None:
    without = set()

    def walk(bones: skeleton.Bones, path: str) -> None:
        for name, inner in bones.get("commands", {}).items():
            walk(inner, f"{path} {name}".strip())
        without.update(
            f"{path} {bone['name']}" for bone in bones["params"] if "opts" not in bone and "completes" not in bone
        )

    walk(json.loads(Path(skeleton.FILE).read_text()), "")
    # Any word is a tag, revisions are git's, and what builds a document has arguments of its own.
    of_others = {"diff revisions", "log revision", "document compile arguments"}
    assert without <= {"tag tags", *of_others}


def test_the_script_of_an_unknown_shell_is_refused(sandbox: Sandbox) -> None:
    result = sandbox.qanat("completion", "tcsh", code=2)
    assert "tcsh" in result.err
    assert "hint: qanat completion --help" in result.err


# ---- real shells

FISH_SET_UP = "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo '> '; end"
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(qanat completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(qanat completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], f"{FISH_SET_UP}; qanat completion fish | source"),
}
# Completes as qanat does, and shows which words it would have been called with.
AS_QANAT = """\
#!/bin/sh
test "$_QANAT_COMPLETE$1" = completion || test -n "$_QANAT_COMPLETE" || {{ echo "called with: $*."; exit; }}
exec {qanat} "$@"
"""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, project: Sandbox, tmp_path: Path) -> Iterator[Terminal]:
    """Yield an interactive shell in the project with completion set up; skip if the shell is not installed."""
    words, set_up = SHELLS[request.param]
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is not installed")
    program = tmp_path / "bin dir/qanat"
    program.parent.mkdir()
    program.write_text(AS_QANAT.format(qanat=shlex.join(PROGRAM)))
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "INPUTRC": "/dev/null", "HOME": str(tmp_path), "PS1": "> "}
    env |= {"TERM": "xterm", "LANG": "C.UTF-8", "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    with Terminal(project.root, env=env, program=words) as terminal:
        terminal.press(f"{set_up}; echo se''t up", ENTER)
        terminal.see("set up")
        terminal.see(">")
        yield terminal


def test_a_shell_completes_commands_names_and_options_and_lists_runs_described(shell: Terminal) -> None:
    for typed, completed in (
        ("sta", "status"),
        ("run gr", "run greet"),
        ("run greet --dry", "run greet --dry-run"),
        ("action greet pl", "action greet plot"),
        ("dataset show i", "dataset show iris"),
        ('run greet -g "--n 10" --runner lo', "run greet -g --n 10 --runner local"),
        ("run greet data/ir", "run greet data/iris.csv"),
    ):
        shell.press(f"qanat {typed}", TAB, ENTER)
        shell.see(f"called with: {completed}.")
        shell.see(">")
    shell.press("qanat show ", TAB, TAB)
    shell.see("second, with: commas")
    shell.see("first try")
    assert "\x1b]0;owned" not in shell.raw


def test_nothing_is_offered_that_a_shell_would_run(sandbox: Sandbox) -> None:
    names = ["loss", "val.acc", "$(touch PWNED)", "`touch PWNED`", "a;b", "a b", "a\nb", "a&b", "a'b", "~", "é/%", "*"]
    lines = "".join(f"{json.dumps({name: 1})}\n" for name in names)
    sandbox.write("lines", lines)
    sandbox.experiment("train", """for last; do :; done; cp lines "$last/metrics.jsonl"\n""")
    sandbox.qanat("run", "train")
    sandbox.qanat("status")
    assert set(names) <= {*sandbox.record()["groups"][0]["curves"]}
    assert ask(sandbox, "metrics", "1", "") == ["plain", "loss", "val.acc", "é/%"]
    found = ask(sandbox, "runs", "--where", "tag='$' and metric.")[1:]
    offered = {name.removeprefix("tag='$' and metric.") for name in found}
    assert offered == {f"{name}{end}" for name in ("loss", "val.acc", "é/%") for end in ("", *ENDS)}
