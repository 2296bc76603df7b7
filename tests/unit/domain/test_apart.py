"""Which files of a project belong to a document, and so are no code."""

from __future__ import annotations

import pytest

from qanat.domain.apart import Apart
from qanat.domain.document import document_from
from qanat.domain.experiment import Experiment, Program

PAPER = document_from(
    {
        "name": "p",
        "path": "papers/iris/",
        "output": "paper.pdf",
        "exports": "papers/figures",
        "dependencies": [{"experiment": "train", "parameters": "./train/params.yaml"}],
    }
).files
TOP = Apart(".", ("*.md",), "exports")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("papers/iris/paper.tex", True),
        ("papers/iris/sections/a.tex", True),
        ("papers/iris/paper.pdf", True),
        ("papers/figures/train/a.py", True),
        ("papers/iris/params.yaml", False),
        ("papers/iris/sections/paper.html", False),
        ("papers/iris/refs.bib", True),
        ("papers/iris/paper.log", True),
        ("papers/iris/sections/a.aux", True),
        ("papers/iris/plot.PNG", True),
        ("papers/iris/data.csv", False),
        ("papers/iris/fit.py", False),
        ("refs.bib", False),
        ("papers/other/paper.tex", False),
        ("papers/figures", False),
        ("papers/irises/paper.tex", False),
        ("train.tex", False),
        ("train/params.yaml", True),
        (".gitignore", True),
        ("papers/iris/.gitignore", True),
        ("train/.gitignore", False),
    ],
)
def test_texts_copies_and_what_is_built_are_files_of_a_document(path: str, expected: bool) -> None:
    assert PAPER.has(path) is expected


def test_a_document_may_be_in_the_whole_project() -> None:
    assert [TOP.has(path) for path in ("README.md", "a.bib", "docs/a.md", "exports/a")] == [True, True, False, True]
    assert not any(TOP.has(path) for path in ("train.py", "data/a.png", "data/a.log"))
    assert TOP.may_have("anything")


@pytest.mark.parametrize(
    ("folder", "expected"), [("papers", True), ("papers/iris/a", True), ("train", True), ("src", False)]
)
def test_only_folders_on_the_way_may_have_such_files(folder: str, expected: bool) -> None:
    assert PAPER.may_have(folder) is expected


def test_such_files_are_no_code_unless_one_is_the_program() -> None:
    paths = ["train.py", "papers/iris/paper.tex", "papers/iris/params.yaml"]
    whole = Experiment("train", Program("train.py", "python"), apart=(PAPER,))
    assert [whole.has_code(path) for path in paths] == [True, False, True]
    of_text = Experiment("train", Program("papers/iris/paper.tex", "latex"), apart=(PAPER,))
    assert of_text.has_code("papers/iris/paper.tex")
    named = Experiment("train", Program("train.py"), code_paths=("papers",), apart=(PAPER,))
    assert named.has_code("papers/iris/paper.tex")
