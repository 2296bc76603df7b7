"""`qanat experiment new PROGRAM`: what is proposed, what is asked, and that no program runs without consent."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.sandbox import Sandbox
from tests.support.terminal import ENTER, Terminal

TRAIN = '''\
"""Train a model.

And more.
"""
import argparse
import pathlib

pathlib.Path("asked").touch()
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate (default: %(default)s)")
parser.add_argument("--seed", type=int)
parser.add_argument("--dataset_path", action="append")
parser.add_argument("--storage_path")
parser.parse_args()
'''


@pytest.fixture
def house(sandbox: Sandbox) -> Sandbox:
    """Return a project with a program in a folder, and a dataset."""
    sandbox.write("models/train.py", TRAIN)
    sandbox.write("data.csv", "1\n")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data.csv")
    sandbox.write(".git/info/exclude", "asked\n")
    sandbox.commit()
    return sandbox


def test_a_program_that_is_not_in_git_is_named_with_what_to_do(house: Sandbox) -> None:
    for name in ("my plot.py", "fit.sh", "ignored.sh"):
        house.write(name, "")
    house.write(".git/info/exclude", "ignored.sh\n")
    plot = "'../my plot.py' && git commit"
    for name, words, hint in (
        ("a", [], f"commit it with: git add ../.qanat/experiments/a.yaml {plot}"),
        ("b", ["--commit"], f"commit the program with: git add {plot}"),
        ("c", ["--commit", "--action", "fit=sh fit.sh"], f"commit the programs with: git add ../fit.sh {plot}"),
        ("d", ["--commit", "--action", "fit=sh ignored.sh"], f"commit the program with: git add {plot}"),
    ):
        given = ["../my plot.py", *words, "--name", name, "--executable-command", "python", "--yes"]
        done = house.qanat("experiment", "new", *given, cwd=house.root / "models")
        assert done.err.splitlines()[0] == f"  hint: {hint}"


def stored(sandbox: Sandbox, name: str) -> object:
    return yaml.safe_load((sandbox.root / f".qanat/experiments/{name}.yaml").read_text())


def was_run(sandbox: Sandbox) -> bool:
    return (sandbox.root / "asked").exists()


def test_the_proposal_is_what_the_options_would_write_and_can_be_run(house: Sandbox) -> None:
    result = house.qanat(
        "experiment", "new", "train.py", "--dataset", "iris", "--yes", "--commit", cwd=house.root / "models"
    )
    assert result.err == ""
    assert result.out == (
        "Created .qanat/experiments/train.yaml\n"
        "Committed .qanat/experiments/train.yaml\n"
        "Options of models/train.py: --lr LR, --seed SEED\n"
        "Try:\n"
        "  qanat run train --lr 0.1\n"
        "  qanat run train -g '--lr 0.1' -g '--lr 0.2'\n"
        "  qanat run train -R '--seed 0 3 1'\n"
    )
    words = [
        "--executable",
        "models/train.py",
        "--executable-command",
        "python",
        "--path",
        "models",
        "--dataset",
        "iris",
    ]
    house.qanat("experiment", "new", "--name", "same", *words, "--description", "Train a model.")
    texts = [(house.root / f".qanat/experiments/{name}.yaml").read_text() for name in ("train", "same")]
    assert texts[0] == texts[1].replace("name: same", "name: train")
    house.qanat("validate")
    house.commit()
    assert "6 groups" in house.qanat("run", "train", "-g", "--lr 0.1", "-g", "--lr 0.2", "-R", "--seed 0 3 1").err


def test_without_consent_no_program_is_run(house: Sandbox) -> None:
    result = house.qanat("experiment", "new", "models/train.py", "--name", "t")
    assert "models/train.py: its options were not looked up; python models/train.py --help shows them" in result.err
    again = house.qanat("experiment", "new", "models/train.py", "--name", "t", "--yes", code=2).err
    assert again == (
        "qanat: experiment 't' already exists, and runs models/train.py\n"
        "  hint: run it with: qanat run t; python models/train.py --help shows its options; "
        "change it with: qanat experiment update t\n"
    )
    house.write("work.py", "import pathlib\npathlib.Path('asked').touch()\n")
    result = house.qanat("experiment", "new", "work.py", "--yes")
    assert "work.py: its options were not looked up: it does not seem to read --help" in result.err
    assert not was_run(house)
    assert stored(house, "work") == {
        "schema": "experiment/1",
        "name": "work",
        "executable": "work.py",
        "executable_command": "python",
    }


def test_a_program_that_accepts_data_without_a_dataset_is_noted_with_what_to_do(house: Sandbox) -> None:
    let = "qanat experiment update train --dataset NAME"
    note = f"accepts --dataset_path, but no dataset is named; see qanat dataset new DATA, and then: {let}"
    assert house.qanat("experiment", "new", "models/train.py", "--yes", "--json").json["notes"] == [
        f"models/train.py: {note}"
    ]


def test_json_has_the_definition_the_options_and_what_is_missing(house: Sandbox) -> None:
    house.write("old/main.sh", "#!/bin/bash\n# getopts\nprintf '  --out DIR  Folder\\n  --mode {x,y}\\n'\n")
    found = house.qanat("experiment", "new", "old/main.sh", "--json", "--yes").json
    assert found["definition"] == stored(house, "old")
    assert (found["definition"]["executable_command"], found["file"]) == ("bash", ".qanat/experiments/old.yaml")
    assert [(o["name"], o["use"], o["choices"]) for o in found["options"]] == [
        ("--out", "parameter", []),
        ("--mode", "parameter", ["x", "y"]),
    ]
    (note,) = found["notes"]
    assert note.endswith("passes the directory for its results; --out may be the option to rename")
    assert found["examples"][1] == "qanat run old -g '--mode x' -g '--mode y'"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["models/train.py", "--executable", "x"], "--executable cannot be used with models/train.py"),
        (["../outside.py"], "is not in the project"),
        (["models/train.py", "--name", "a b"], "experiment name 'a b'"),
        (["models/train.py", "--dataset", "gone"], "dataset 'gone' does not exist"),
        (["models/train.py", "--name", "taken", "--yes"], "experiment 'taken' already exists"),
        (["--name", "x", "--executable", "data.csv", "--json"], "--json requires a program"),
        (["nope.py", "--yes"], "nope.py: no such file or directory"),
        (["nope.yaml", "--json"], "nope.yaml: no such file or directory"),
        (["models", "--yes"], "models: is a directory"),
        (
            ["-f", ".qanat/experiments/taken.yaml", "--yes"],
            "--yes requires a program, and .qanat/experiments/taken.yaml is a",
        ),
    ],
)
def test_what_cannot_become_an_experiment_is_refused_before_anything_is_run(
    house: Sandbox, words: list[str], problem: str
) -> None:
    (house.root.parent / "outside.py").write_text(TRAIN)
    house.experiment("taken", "echo\n")
    assert problem in house.qanat("experiment", "new", *words, code=2).err
    assert not was_run(house)


def test_in_a_terminal_the_proposal_can_be_changed_and_the_program_asked(house: Sandbox) -> None:
    with Terminal(house.root, "experiment", "new", "models/train.py") as terminal:
        terminal.see("Name: train")
        terminal.press(ENTER)
        terminal.see("Train a model.")
        terminal.press(ENTER)
        terminal.see("python")
        terminal.press(ENTER)
        terminal.see("Run python models/train.py --help to find its options?")
        assert not was_run(house)
        terminal.press("y")
        terminal.see("Datasets")
        terminal.press(" ", ENTER)
        terminal.see("Save it?")
        terminal.press("y")
        terminal.see("qanat run train -R '--seed 0 3 1'")
        terminal.ends()
    assert was_run(house)
    assert stored(house, "train") == {
        "schema": "experiment/1",
        "name": "train",
        "description": "Train a model.",
        "path": "models",
        "executable": "models/train.py",
        "executable_command": "python",
        "datasets": ["iris"],
    }


def test_a_program_that_fails_or_does_not_know_help_is_said(house: Sandbox, tmp_path: Path) -> None:
    house.write("broken.py", "import argparse\nimport missing_module\n")
    result = house.qanat("experiment", "new", "broken.py", "--yes")
    assert "broken.py: its options are not known: --help failed with exit code 1: ModuleNotFoundError: No" in result.err
    house.write("plain.py", "# --help\nprint('epoch 1')\n")
    assert (
        "plain.py: its options are not known: --help printed no options"
        in house.qanat("experiment", "new", "plain.py", "--yes").err
    )
    assert house.qanat(
        "experiment", "new", "broken.py", "--name", "x", "--executable-command", "nowhere", "--yes"
    ).err.endswith("nowhere cannot be started: no such file or directory\n")
