"""Questions and editors, at a real terminal."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.sandbox import Sandbox
from tests.support.terminal import CTRL_C, CTRL_D, CTRL_U, DOWN, ENTER, ESCAPE, SPACE, Terminal

EMPTY = ""


@pytest.fixture
def house(sandbox: Sandbox) -> Sandbox:
    """Return a project with programs, data, a dataset and an experiment, all committed."""
    sandbox.write("data/a.csv", "1\n")
    sandbox.write("data/b.csv", "2\n")
    sandbox.write("go.sh", "echo go\n")
    sandbox.write("plot.py", "print()\n")
    sandbox.qanat("dataset", "new", "--name", "a", "--path", "data/a.csv", "--description", "First", "--tag", "old")
    sandbox.qanat("dataset", "new", "--name", "b", "--path", "data/b.csv")
    sandbox.qanat(
        "experiment", "new", "--name", "e", "--executable", "go.sh", "--executable_command", "sh", "--dataset", "b"
    )
    sandbox.commit()
    return sandbox


def stored(sandbox: Sandbox, path: str) -> Any:
    """Read a file of `.qanat/` with a YAML reader other than qanat's."""
    return yaml.safe_load((sandbox.root / ".qanat" / path).read_text())


def last_shown(terminal: Terminal, answer: str) -> str:
    """Answer the last question, whether to write what is shown; return the YAML that was shown."""
    before = terminal.see("Save it?")
    terminal.press(answer)
    return before[before.index("schema:") :].rpartition("?")[0].replace("\r", "").strip()


# ---- init


def test_init_asks_for_consent_and_an_editor(tmp_path: Path) -> None:
    with Terminal(tmp_path, "init") as terminal:
        terminal.see("Create a git repository and a qanat project in")
        terminal.press("y")
        terminal.answer("Editor:", CTRL_U, "nano -w")
        terminal.see("Created project in")
        terminal.ends()
    sandbox = Sandbox(tmp_path)
    assert stored(sandbox, "config.yaml")["default_editor"] == "nano -w"
    assert sandbox.status() == ""


def test_init_suggests_the_users_editor_and_takes_the_option_instead_of_asking(tmp_path: Path) -> None:
    for name, words, keys in (("a", (), [ENTER]), ("b", ("--editor", "code -w"), [])):
        with Terminal(tmp_path, "init", name, *words, env={"EDITOR": "emacs -nw"}) as terminal:
            terminal.see("Create a git repository and a qanat project in")
            terminal.press("y")
            for key in keys:
                terminal.see("Editor: emacs -nw")
                terminal.press(key)
            assert "Created project in" in terminal.ends()
        expected = "emacs -nw" if keys else "code -w"
        assert stored(Sandbox(tmp_path / name), "config.yaml")["default_editor"] == expected


@pytest.mark.parametrize(
    "keys", [["n"], [CTRL_C], [CTRL_D], ["y", CTRL_C]], ids=["no", "Ctrl-C", "Ctrl-D", "Ctrl-C at the second question"]
)
def test_init_that_is_not_confirmed_makes_nothing(tmp_path: Path, keys: list[str]) -> None:
    with Terminal(tmp_path, "init") as terminal:
        for question, key in zip(["Create a git repository", "Editor:"], keys, strict=False):
            terminal.see(question)
            terminal.press(key)
        terminal.see("qanat: aborted")
        terminal.ends(130)
    assert list(tmp_path.iterdir()) == []


# ---- new


def test_dataset_new_asks_for_everything(house: Sandbox) -> None:
    with Terminal(house.root, "dataset", "new") as terminal:
        terminal.answer("Name:", "c")
        terminal.answer("Description (empty for none):", "Two: and a half")
        terminal.answer("Path to the data:", "data")
        terminal.answer("Tags (separated by commas; empty for none):", "one, two words,,one ,")
        shown = last_shown(terminal, "y")
        terminal.see("Created .qanat/datasets/c.yaml")
        terminal.ends()
    content = {
        "schema": "dataset/1",
        "name": "c",
        "description": "Two: and a half",
        "path": "data",
        "tags": ["one", "two words"],
    }
    assert yaml.safe_load(shown) == stored(house, "datasets/c.yaml") == content
    first, _, rest = (house.root / ".qanat/datasets/c.yaml").read_text().partition("\n")
    assert first.startswith("# yaml-language-server: $schema=")
    assert rest.strip() == shown
    assert house.status() == "?? .qanat/datasets/c.yaml"


def test_pasted_colours_are_ignored(house: Sandbox) -> None:
    with Terminal(house.root, "dataset", "new") as terminal:
        terminal.see("Name:")
        terminal.press("\x1b[31mir\x1b[0m", "is", ENTER)
        terminal.see("Description")
        assert "Unhandled" not in terminal.text
        assert "Press ENTER" not in terminal.text
        terminal.press(CTRL_C)
        terminal.ends(130)


def test_experiment_new_asks_for_everything(house: Sandbox) -> None:
    with Terminal(house.root, "experiment", "new") as terminal:
        terminal.answer("Name:", "f")
        terminal.answer("Description (empty for none):", "Does it")
        terminal.answer("Folder of the experiment (empty for none):", "experiments/f")
        terminal.answer("Executable:", "go.sh")
        terminal.answer("Command that runs it (empty: the program itself): sh", " -e")
        terminal.answer("Tags (separated by commas; empty for none):", "t")
        terminal.answer("Datasets (none selected: no data):", SPACE, DOWN, SPACE)
        terminal.see("Add an action?")
        terminal.press("y")
        terminal.answer("Name of the action:", "plot")
        terminal.answer("Description of the action (empty for none):", "Plots")
        terminal.answer("Executable of the action:", "plot.py")
        terminal.answer("Command that runs it (empty: the program itself): python", EMPTY)
        terminal.see("Add an action?")
        terminal.press("n")
        shown = last_shown(terminal, "y")
        terminal.see("Created .qanat/experiments/f.yaml")
        terminal.ends()
    content = {
        "schema": "experiment/1",
        "name": "f",
        "description": "Does it",
        "path": "experiments/f",
        "executable": "go.sh",
        "executable_command": "sh -e",
        "tags": ["t"],
        "datasets": ["a", "b"],
        "actions": {"plot": {"description": "Plots", "executable": "plot.py", "executable_command": "python"}},
    }
    assert yaml.safe_load(shown) == stored(house, "experiments/f.yaml") == content
    assert house.qanat("validate").code == 0


def test_template_new_asks_for_everything(house: Sandbox) -> None:
    with Terminal(house.root, "template", "new") as terminal:
        terminal.answer("Name:", "two")
        terminal.answer("Runner:", DOWN)
        terminal.answer("Description (empty for none):", "Two CPUs")
        terminal.answer("Option as KEY=VALUE (empty to finish):", "--cpus-per-task=2")
        terminal.see("--cpus-per-task=2")
        terminal.see("Option as KEY=VALUE (empty to finish):")
        terminal.press("wrong")
        terminal.see("not of the form KEY=VALUE")
        terminal.press(CTRL_U, "--time=1-00:00:00", ENTER)
        terminal.see("--time=1-00:00:00")
        terminal.answer("Option as KEY=VALUE (empty to finish):", EMPTY)
        shown = last_shown(terminal, "y")
        terminal.see("Created .qanat/templates/slurm/two.yaml")
        terminal.ends()
    content = {
        "schema": "template/1",
        "name": "two",
        "runner": "slurm",
        "description": "Two CPUs",
        "options": {"--cpus-per-task": 2, "--time": "1-00:00:00"},
    }
    assert yaml.safe_load(shown) == stored(house, "templates/slurm/two.yaml") == content


def test_a_bad_answer_is_refused_as_it_is_typed(house: Sandbox) -> None:
    named, placed = ["--executable", "go.sh"], ["--name", "g"]
    for words, question, typed, problem in (
        (named, "Name:", "a/b", "may contain only letters a-z A-Z"),
        (named, "Name:", "x" * 101, "is longer than 100 characters"),
        (named, "Name:", "e", "experiment 'e' already exists"),
        (placed, "Executable:", "gone.sh", "gone.sh is not a file of the project"),
        (placed, "Executable:", "data", "data is not a file of the project"),
        (placed, "Executable:", "/bin/sh", "enter a path relative to the project root"),
        (placed, "Executable:", "../go.sh", "enter a path relative to the project root"),
    ):
        with Terminal(house.root, "experiment", "new", *words) as terminal:
            terminal.see(question)
            terminal.press(typed)
            terminal.see(problem)
            terminal.press(ENTER, CTRL_C)
            terminal.see("qanat: aborted")
            terminal.ends(130)
    assert house.status() == ""


def test_a_bad_answer_can_be_corrected(house: Sandbox) -> None:
    with Terminal(house.root, "experiment", "new") as terminal:
        terminal.see("Name:")
        terminal.press("a/b")
        terminal.see("may contain only letters a-z A-Z")
        terminal.press(ENTER, CTRL_U, "g", ENTER)
        terminal.answer("Description (empty for none):", EMPTY)
        terminal.answer("Folder of the experiment (empty for none):", EMPTY)
        terminal.see("Executable:")
        terminal.press("gone.sh")
        terminal.see("gone.sh is not a file of the project")
        terminal.press(ENTER, CTRL_U, "go.sh", ENTER)
        terminal.see("Command that runs it (empty: the program itself): sh")
        terminal.press(CTRL_U)
        terminal.see("go.sh is not executable; enter the command that runs it, such as sh")
        terminal.press("sh", ENTER)
        terminal.answer("Tags", EMPTY)
        terminal.answer("Datasets (none selected: no data):", EMPTY)
        terminal.see("Add an action?")
        terminal.press("n")
        last_shown(terminal, "y")
        terminal.see("Created .qanat/experiments/g.yaml")
        terminal.ends()
    assert stored(house, "experiments/g.yaml") == {
        "schema": "experiment/1",
        "name": "g",
        "executable": "go.sh",
        "executable_command": "sh",
    }


def test_a_path_that_is_not_there_is_refused_as_it_is_typed(house: Sandbox) -> None:
    with Terminal(house.root, "dataset", "new", "--name", "c") as terminal:
        terminal.see("Path to the data:")
        terminal.press("nowhere")
        terminal.see("nowhere does not exist")
        terminal.press(ENTER, CTRL_U, "data/b.csv", ENTER)
        terminal.see("Created .qanat/datasets/c.yaml")
        terminal.ends()
    assert stored(house, "datasets/c.yaml") == {"schema": "dataset/1", "name": "c", "path": "data/b.csv"}


@pytest.mark.parametrize("last", ["n", CTRL_C, CTRL_D], ids=["no", "Ctrl-C", "Ctrl-D"])
def test_what_is_not_confirmed_is_not_written(house: Sandbox, last: str) -> None:
    with Terminal(house.root, "dataset", "new") as terminal:
        terminal.answer("Name:", "c")
        terminal.answer("Description (empty for none):", EMPTY)
        terminal.answer("Path to the data:", "data")
        terminal.answer("Tags", EMPTY)
        shown = last_shown(terminal, last)
        terminal.see("qanat: aborted")
        terminal.ends(130)
    assert yaml.safe_load(shown) == {"schema": "dataset/1", "name": "c", "path": "data"}
    assert house.status() == ""


@pytest.mark.parametrize(
    ("words", "question", "key"),
    [
        (["dataset", "new"], "Name:", CTRL_C),
        (["dataset", "new"], "Name:", CTRL_D),
        (["dataset", "new", "--name", "c"], "Path to the data:", CTRL_C),
        (["template", "new", "--name", "t"], "Runner:", CTRL_C),
        (["experiment", "update", "e"], "Description (empty for none):", CTRL_C),
        (["experiment", "delete", "e"], "Delete it?", CTRL_C),
        (["experiment", "delete", "e"], "Delete it?", CTRL_D),
        (["dataset", "new"], "Name:", ESCAPE),
        (["dataset", "new", "--name", "c"], "Path to the data:", ESCAPE),
        (["experiment", "delete", "e"], "Delete it?", ESCAPE),
        (["experiment", "delete", "e"], "Delete it?", "q"),
    ],
    ids=lambda value: (
        {CTRL_C: "Ctrl-C", CTRL_D: "Ctrl-D", ESCAPE: "Esc"}.get(value, value) if isinstance(value, str) else value[1]
    ),
)
def test_leaving_a_question_writes_nothing(house: Sandbox, words: list[str], question: str, key: str) -> None:
    with Terminal(house.root, *words) as terminal:
        terminal.see(question)
        terminal.press(key)
        terminal.see("qanat: aborted")
        terminal.ends(130)
    assert house.status() == ""


# ---- update and delete


def test_update_asks_with_the_present_values(house: Sandbox) -> None:
    with Terminal(house.root, "dataset", "update", "a") as terminal:
        terminal.see("Description (empty for none): First")
        terminal.press(" of all", ENTER)
        terminal.see("Path to the data: data/a.csv")
        terminal.press(ENTER)
        terminal.see("Tags (separated by commas; empty for none): old")
        terminal.press(", new", ENTER)
        last_shown(terminal, "y")
        terminal.see("Updated .qanat/datasets/a.yaml")
        terminal.ends()
    assert stored(house, "datasets/a.yaml") == {
        "schema": "dataset/1",
        "name": "a",
        "description": "First of all",
        "path": "data/a.csv",
        "tags": ["old", "new"],
    }


def test_update_of_an_experiment_keeps_what_is_confirmed(house: Sandbox) -> None:
    house.qanat("experiment", "update", "e", "--action", "plot=python plot.py", "--commit")
    before = stored(house, "experiments/e.yaml")
    for key in ("y", "n"):
        with Terminal(house.root, "experiment", "update", "e") as terminal:
            terminal.answer("Description (empty for none):", EMPTY)
            terminal.answer("Folder of the experiment (empty for none):", EMPTY)
            terminal.answer("Executable: go.sh", EMPTY)
            terminal.answer("Command that runs it (empty: the program itself): sh", EMPTY)
            terminal.answer("Tags", EMPTY)
            terminal.answer("Datasets (none selected: no data):", EMPTY)
            terminal.see("Keep the actions (plot)?")
            terminal.press(key)
            terminal.see("Add an action?")
            terminal.press("n")
            if key == "y":
                terminal.see("nothing changed")
            else:
                last_shown(terminal, "y")
            terminal.ends()
        now = stored(house, "experiments/e.yaml")
        assert {name: value for name, value in now.items() if value} == (
            before if key == "y" else {name: value for name, value in before.items() if name != "actions"}
        )


def test_update_of_a_template_adds_options(house: Sandbox) -> None:
    with Terminal(house.root, "template", "update", "default", "--runner", "slurm") as terminal:
        terminal.see("Description (empty for none): Used by default")
        terminal.press(ENTER)
        terminal.answer("Option as KEY=VALUE (empty to finish):", "--mem=2GB")
        terminal.see("--mem=2GB")
        terminal.answer("Option as KEY=VALUE (empty to finish):", EMPTY)
        last_shown(terminal, "y")
        terminal.ends()
    options = stored(house, "templates/slurm/default.yaml")["options"]
    assert options == {"--ntasks": 1, "--cpus-per-task": 1, "--time": "1-00:00:00", "--mem": "2GB"}


def test_an_update_that_is_not_confirmed_changes_nothing(house: Sandbox) -> None:
    with Terminal(house.root, "dataset", "update", "a") as terminal:
        terminal.answer("Description (empty for none):", " changed")
        terminal.answer("Path to the data:", EMPTY)
        terminal.answer("Tags", EMPTY)
        last_shown(terminal, "n")
        terminal.ends(130)
    assert house.status() == ""


def test_delete_says_what_goes_and_asks(house: Sandbox) -> None:
    house.qanat("run", "e")
    for keys, code in ((["n"], 130), ([ENTER], 130), (["y"], 0)):
        assert len(house.records()) == 1
        with Terminal(house.root, "experiment", "delete", "e") as terminal:
            terminal.see("Experiment e with 1 run and ")
            terminal.see(" of results will be deleted; its program will be kept.")
            terminal.see("Delete it?")
            terminal.press(*keys)
            terminal.ends(code)
    assert house.records() == []
    assert not (house.root / "results/e/run_1").exists()
    assert house.status() == " D .qanat/experiments/e.yaml"


# ---- a dirty tree


@pytest.fixture
def dirty(house: Sandbox) -> Sandbox:
    """Return a project with a change that is not committed."""
    house.write("go.sh", "echo changed\n")
    house.write("new.txt", "new\n")
    return house


def dirty_run(sandbox: Sandbox) -> Terminal:
    """Start a run at a terminal, and wait until it asks what to do with the changes."""
    terminal = Terminal(sandbox.root, "run", "e")
    terminal.see("There are uncommitted changes:")
    terminal.see("   M go.sh")
    terminal.see("  ?? new.txt")
    terminal.see("What do you want to do with them?")
    return terminal


def test_changes_can_be_committed_before_a_run(dirty: Sandbox) -> None:
    with dirty_run(dirty) as terminal:
        terminal.press(ENTER)
        terminal.see("Commit message:")
        terminal.press(ENTER)
        terminal.see("enter a commit message")
        terminal.press("Change it", ENTER)
        terminal.see("Commit new.txt (4 B)? (Y/n)")
        terminal.press(ENTER)
        terminal.see("changed\r\n")
        terminal.see("Run 1 of e finished")
        terminal.ends()
    assert dirty.git("log", "--format=%s", "-2").splitlines() == ["qanat: run 1 of e finished", "Change it"]
    assert dirty.record()["code"]["commit"] == dirty.git("rev-parse", "HEAD~1")
    assert dirty.record()["code"]["snapshot"] is False
    assert dirty.status() == ""


def test_many_untracked_files_are_chosen_from_a_list_without_secrets(dirty: Sandbox) -> None:
    for name in ("a.txt", "b.txt", "lib.sh"):
        dirty.write(name, "new\n")
    dirty.write(".env", "TOKEN=1\n")
    with Terminal(dirty.root, "run", "e", "--commit-message", "Change it") as terminal:
        terminal.see("Not committed: .env (8 B, looks like a secret: files with this name usually contain secrets)")
        terminal.see("Which untracked files should be committed?")
        terminal.see("a.txt (4 B)")
        terminal.see("new.txt (4 B)")
        terminal.press(DOWN, SPACE, ENTER)
        terminal.see("note: untracked, so not part of the recorded code: lib.sh (4 B), .env (8 B,")
        terminal.see("Run 1 of e finished")
        terminal.ends()
    assert dirty.git("show", "--format=", "--name-only", "HEAD~1").splitlines() == ["b.txt", "go.sh"]
    assert dirty.status() == "?? .env\n?? a.txt\n?? lib.sh\n?? new.txt"


def test_nothing_is_committed_without_a_yes(dirty: Sandbox) -> None:
    dirty.write("lib.sh", "new\n")
    with Terminal(dirty.root, "run", "e", "--commit-message", "Change it") as terminal:
        terminal.see("Commit lib.sh (4 B)? (Y/n)")
        terminal.press("n")
        terminal.see("Commit new.txt (4 B)? (Y/n)")
        terminal.press("n")
        terminal.see("note: untracked, so not part of the recorded code: lib.sh (4 B), new.txt (4 B)")
        terminal.ends()
    assert dirty.status() == "?? lib.sh\n?? new.txt"


def test_files_that_are_neither_code_nor_input_are_not_asked_for(dirty: Sandbox) -> None:
    with Terminal(dirty.root, "run", "e", "--commit-message", "Change it") as terminal:
        terminal.see("note: untracked, so not part of the recorded code: new.txt (4 B)")
        terminal.ends()
    assert "Commit new.txt" not in terminal.text
    assert dirty.status() == "?? new.txt"


def test_changes_can_be_run_as_a_snapshot(dirty: Sandbox) -> None:
    before = dirty.status()
    with dirty_run(dirty) as terminal:
        terminal.press(DOWN, ENTER)
        terminal.see("changed\r\n")
        terminal.see("Run 1 of e finished")
        terminal.ends()
    record = dirty.record()
    assert record["code"]["snapshot"] is True
    assert dirty.git("rev-parse", f"refs/qanat/snapshots/{record['id']}") == record["code"]["commit"]
    assert dirty.git("show", f"{record['code']['commit']}:go.sh") == "echo changed"
    assert dirty.status() == before


@pytest.mark.parametrize("keys", [[DOWN, DOWN, ENTER], [CTRL_C], [ENTER, CTRL_C]], ids=["stop", "Ctrl-C", "later"])
def test_a_run_can_be_stopped_at_the_question(dirty: Sandbox, keys: list[str]) -> None:
    before = dirty.status(), dirty.git("rev-parse", "HEAD")
    with dirty_run(dirty) as terminal:
        for key in keys[:-1]:
            terminal.press(key)
            if key == ENTER:
                terminal.see("Commit message:")
        terminal.press(keys[-1])
        terminal.see("qanat: aborted")
        terminal.ends(130)
    assert dirty.record_files() == []
    assert (dirty.status(), dirty.git("rev-parse", "HEAD")) == before


def test_a_run_of_several_groups_draws_a_bar_and_leaves_one_line(house: Sandbox) -> None:
    house.write("go.sh", '[ "$2" != 3 ]\n')
    house.commit()
    with Terminal(house.root, "run", "e", "-R", "--n 0 6 1") as terminal:
        terminal.see("0/6")
        terminal.see("left:")
        terminal.see("Run 1 of e failed")
        assert "group 3: exit code 1" in terminal.ends(1)


# ---- config edit


VALID = "schema: config/1\nresult_dir: out\nrecords:\n  commit: manual\n"
INVALID = "schema: config/1\nresult_dir: out\nrecords:\n  commit: sometimes\n"


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """Return an editor that writes one prepared draft after the other; its first argument is the folder of drafts."""
    script = tmp_path / "my editor.sh"
    script.write_text('#!/bin/sh\nfirst=$(ls "$1" | head -1)\n[ -n "$first" ] || exit 9\nmv "$1/$first" "$2"\n')
    script.chmod(0o755)
    return script


def edit(sandbox: Sandbox, editor: Path, *drafts: str, variable: str = "EDITOR") -> Terminal:
    """Open the settings in an editor that writes these drafts."""
    folder = editor.parent / "drafts"
    folder.mkdir()
    for number, draft in enumerate(drafts):
        (folder / str(number)).write_text(draft)
    command = f"{shlex.quote(str(editor))} {shlex.quote(str(folder))}"
    return Terminal(sandbox.root, "config", "edit", env={variable: command})


@pytest.mark.parametrize("variable", ["EDITOR", "VISUAL"])
def test_settings_are_edited_in_the_users_editor(sandbox: Sandbox, editor: Path, variable: str) -> None:
    with edit(sandbox, editor, VALID, variable=variable) as terminal:
        terminal.see("Updated .qanat/config.yaml")
        terminal.ends()
    assert (sandbox.root / ".qanat/config.yaml").read_text() == VALID
    assert sandbox.qanat("config", "show", "--json").json["result_dir"] == "out"


def test_the_projects_editor_is_used_where_the_user_names_none(sandbox: Sandbox, editor: Path) -> None:
    folder = editor.parent / "drafts"
    folder.mkdir()
    (folder / "0").write_text(VALID)
    config = stored(sandbox, "config.yaml") | {"default_editor": shlex.join([str(editor), str(folder)])}
    sandbox.write(".qanat/config.yaml", yaml.safe_dump(config))
    with Terminal(sandbox.root, "config", "edit") as terminal:
        terminal.see("The settings of this project name the editor ")
        terminal.press("n")
        assert "qanat: no editor was opened" in terminal.ends(2)
    assert (folder / "0").exists()
    with Terminal(sandbox.root, "config", "edit") as terminal:
        terminal.see("Run it?")
        terminal.press("y")
        terminal.see("Updated .qanat/config.yaml")
        terminal.ends()
    assert (sandbox.root / ".qanat/config.yaml").read_text() == VALID
    (folder / "0").write_text(VALID.replace("out", "elsewhere"))
    sandbox.write(".qanat/config.yaml", yaml.safe_dump(config))
    with Terminal(sandbox.root, "config", "edit") as terminal:
        assert "Run it?" not in terminal.ends()


@pytest.mark.parametrize("words", [("comment", "1"), ("config", "edit")])
def test_an_editor_that_a_clone_brings_is_not_started(sandbox: Sandbox, words: tuple[str, ...], tmp_path: Path) -> None:
    sandbox.experiment("e", "true")
    sandbox.qanat("run", "e")
    evil = f"touch {tmp_path / 'PWNED'}"
    config = stored(sandbox, "config.yaml") | {"default_editor": evil}
    sandbox.write(".qanat/config.yaml", yaml.safe_dump(config))
    with Terminal(sandbox.root, *words) as terminal:
        terminal.see("The settings of this project name the editor 'touch ")
        terminal.press(ENTER)
        terminal.ends(2)
    sandbox.git("config", "core.editor", "true")
    with Terminal(sandbox.root, *words) as terminal:
        terminal.see("nothing changed")
        terminal.ends()
    assert not (tmp_path / "PWNED").exists()


def test_the_editor_that_init_was_told_is_used_without_asking(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "p")
    sandbox.root.mkdir()
    with Terminal(sandbox.root, "init", "--yes", "--editor", "true -w") as terminal:
        terminal.ends()
    with Terminal(sandbox.root, "config", "edit") as terminal:
        assert "nothing changed" in terminal.ends()


def test_ctrl_c_at_a_question_says_one_line(sandbox: Sandbox) -> None:
    with Terminal(sandbox.root, "dataset", "new") as terminal:
        terminal.see("Name:")
        terminal.press(CTRL_C)
        shown = terminal.ends(130)
    assert "Cancelled" not in shown
    assert [line.strip() for line in shown.splitlines() if line.strip()][-2:] == ["? Name:", "qanat: aborted"]


def test_settings_that_are_not_valid_are_shown_and_asked_about_again(sandbox: Sandbox, editor: Path) -> None:
    before = (sandbox.root / ".qanat/config.yaml").read_text()
    with edit(sandbox, editor, INVALID, "a: [\n", VALID) as terminal:
        terminal.see("qanat: config.yaml:4: records.commit: 'sometimes' is not one of each, batch, manual, auto")
        terminal.see("Edit again?")
        assert (sandbox.root / ".qanat/config.yaml").read_text() == before
        terminal.press("y")
        terminal.see("qanat: config.yaml:2: is not YAML: ")
        terminal.see("Edit again?")
        terminal.press(ENTER)
        terminal.see("Updated .qanat/config.yaml")
        terminal.ends()
    assert (sandbox.root / ".qanat/config.yaml").read_text() == VALID


@pytest.mark.parametrize(("key", "code"), [("n", 0), (CTRL_C, 130)], ids=["no", "Ctrl-C"])
def test_settings_that_are_given_up_stay_as_they_were(sandbox: Sandbox, editor: Path, key: str, code: int) -> None:
    with edit(sandbox, editor, INVALID) as terminal:
        terminal.see("Edit again?")
        terminal.press(key)
        terminal.see("nothing changed" if code == 0 else "qanat: aborted")
        terminal.ends(code)
    assert sandbox.status() == ""


def test_settings_that_do_not_change_are_not_written(sandbox: Sandbox, editor: Path) -> None:
    with edit(sandbox, editor, (sandbox.root / ".qanat/config.yaml").read_text()) as terminal:
        terminal.see("nothing changed")
        terminal.ends()


def test_broken_settings_can_be_mended(sandbox: Sandbox, editor: Path) -> None:
    sandbox.write(".qanat/config.yaml", "a: [\n")
    with edit(sandbox, editor, VALID) as terminal:
        terminal.see("Updated .qanat/config.yaml")
        terminal.ends()


@pytest.mark.parametrize(
    ("command", "sentence", "code"),
    [
        ("false", "the editor 'false' failed with exit code 1; nothing was saved", 2),
        ("no-such-editor -w", "qanat: cannot start 'no-such-editor -w'", 3),
        ("vi 'x", 'qanat: cannot start "vi \'x"', 3),
    ],
)
def test_an_editor_that_fails_changes_nothing(sandbox: Sandbox, command: str, sentence: str, code: int) -> None:
    with Terminal(sandbox.root, "config", "edit", env={"EDITOR": command}) as terminal:
        terminal.see(sentence)
        terminal.ends(code)
    assert sandbox.status() == ""
