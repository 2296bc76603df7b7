"""What is wrong with documents, whatever the project has."""

from __future__ import annotations

import pytest

from qanat.domain.document import problems


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"path": "../paper"}, ("path", "../paper is not inside the project")),
        ({"path": ".git"}, ("path", ".git is not a folder for texts")),
        ({"path": "./.qanat/documents"}, ("path", "./.qanat/documents is not a folder for texts")),
        ({"exports": ".qanat/x"}, ("exports", ".qanat/x is not a folder for files inside the project")),
        ({"output": "/paper.pdf"}, ("output", "/paper.pdf is not inside the folder of the document")),
        ({"texts": ["a.md", "../b.md"]}, ("texts.1", "../b.md is not inside the folder of the document")),
        ({"compile": [" "]}, ("compile.0", "is empty; the first argument names the program")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(keys: dict[str, object], problem: tuple[str, str]) -> None:
    found = [(".".join(map(str, place)), what) for place, what in problems({"path": "paper", **keys})]
    assert found == [problem]


def test_the_whole_project_may_be_the_folder() -> None:
    assert list(problems({"path": "."})) == []
