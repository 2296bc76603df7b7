"""Which untracked files may be code or input of a run."""

from __future__ import annotations

import pytest

from qanat.domain.experiment import Experiment, Program
from qanat.domain.relevance import relevance_of

ROOT = "/home/me/project"


def counts(
    path: str, *args: str, executable: str = "exp/train.py", command: str = "python", folder: str = "exp"
) -> bool:
    """Return whether a file counts for a run with these arguments."""
    experiment = Experiment("train", Program(executable, command), path=folder)
    return relevance_of(experiment, [("--lr", "1"), args], ROOT).counts(path)


@pytest.mark.parametrize(
    "path", ["exp/train.py", "exp/notes.txt", "exp/deep/data.csv", "other/helper.py", "a.PY", "x.so"]
)
def test_the_program_its_folder_and_files_of_its_language_count(path: str) -> None:
    assert counts(path)


@pytest.mark.parametrize(
    "path", ["notes.ipynb", "log.txt", "new", "experiments/train.R", "exp.txt", "data/x.csv", ".env"]
)
def test_what_lies_beside_the_code_does_not_count(path: str) -> None:
    assert not counts(path)


@pytest.mark.parametrize(
    "word",
    [
        "conf/a.yaml",
        "./conf/a.yaml",
        "conf/../conf/a.yaml",
        "--config=conf/a.yaml",
        f"{ROOT}/conf/a.yaml",
        "conf",
        "--dir=conf/",
        "conf/a.yaml/",
    ],
)
def test_what_an_argument_names_counts_and_so_does_what_lies_in_it(word: str) -> None:
    assert counts("conf/a.yaml", word)
    assert not counts("conf2/a.yaml", word)


@pytest.mark.parametrize("word", ["", ".", "..", "/", "a\0b", "=", "--x=", "../project2/conf", "conf/a"])
def test_other_words_name_nothing_in_the_project(word: str) -> None:
    assert not counts("conf/a.yaml", word)


@pytest.mark.parametrize("folder", ["", ".", "..", "/elsewhere"])
def test_a_folder_that_is_the_project_or_outside_it_makes_nothing_count(folder: str) -> None:
    assert not counts("notes.txt", folder=folder)


@pytest.mark.parametrize(
    ("command", "executable", "path", "expected"),
    [
        ("python3.11 -u", "run", "lib.py", True),
        ("/opt/venv/bin/python", "run", "lib.py", True),
        ("env X=1 python", "run", "lib.py", True),
        ("", "run.py", "lib.py", True),
        ("bash", "run.sh", "lib.sh", True),
        ("bash", "run.sh", "lib.py", False),
        ("Rscript", "fit.R", "util.r", True),
        ("julia --project", "fit.jl", "util.jl", True),
        ("", "bin/solver", "lib.py", False),
        ("", "bin/solver.exe", "other.exe", True),
    ],
)
def test_the_language_is_that_of_the_command_and_of_the_program(
    command: str, executable: str, path: str, expected: bool
) -> None:
    assert counts(path, command=command, executable=executable, folder="") is expected
