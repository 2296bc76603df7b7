"""Names of experiments, datasets, templates and actions."""

from __future__ import annotations

import pytest
from hypothesis import given

from qanat.domain.names import NAME_MAX, check_name, check_text, name_problem, nearest
from qanat.errors import EXIT_USAGE, InputInvalid
from tests.support.strategies import names, stable, texts

CHARACTERS = "may contain only letters a-z A-Z, digits and . _ + -, and must begin with a letter or digit"


@pytest.mark.parametrize("name", ["a", "7", "summary_iris", "v1.2+gpu-big", "CON", "a..b", "x" * NAME_MAX])
def test_plain_names_are_taken(name: str) -> None:
    assert name_problem(name) == ""
    assert check_name("dataset", name) == name


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "..",
        ".hidden",
        "../../etc/passwd",
        "-rf",
        "_a",
        "a b",
        "a\n",
        "a\0",
        "\x1b[31m",
        "é",
        "٣",
        "🔥",
        "a\\b",
        "a:b",
        "~",
        "$(touch x)",
        "\udcff",
    ],
)
def test_names_that_are_no_plain_word_are_refused(name: str) -> None:
    assert name_problem(name) == CHARACTERS


def test_an_empty_and_a_very_long_name_are_refused() -> None:
    assert name_problem("") == "is empty"
    assert name_problem("x" * (NAME_MAX + 1)) == "is longer than 100 characters"


def test_a_refused_name_is_said_with_its_kind_and_a_better_one() -> None:
    with pytest.raises(InputInvalid) as caught:
        check_name("experiment", "a/b")
    assert caught.value.message == f"experiment name 'a/b' {CHARACTERS}"
    assert caught.value.hint == "choose another name, such as summary_iris"
    assert caught.value.exit_code == EXIT_USAGE


@stable
@given(names)
def test_every_name_of_the_documented_form_is_taken(name: str) -> None:
    assert name_problem(name) == ""


@stable
@given(texts)
def test_a_name_that_is_taken_is_one_path_component_and_no_option(name: str) -> None:
    if not name_problem(name):
        assert name.isascii()
        assert name.isprintable()
        assert not set(name) & set("/\\ \t\n*?$'\";&|<>(){}[]~:")
        assert name[0].isalnum()


def test_the_nearest_names_come_best_first() -> None:
    known = ["summary_iris", "summary_wine", "train"]
    assert nearest("sumary_iris", known)[0] == "summary_iris"
    assert nearest("trian", known) == ["train"]
    assert len(nearest("summary", ["summary_a", "summary_b", "summary_c", "summary_d"], 2)) == 2
    assert nearest("zzz", known) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\0b", "a tag 'a\\x00b' contains a null character"), ("\udcff", "a tag '\\udcff' is not UTF-8")],
)
def test_text_that_no_record_can_hold_is_refused(text: str, message: str) -> None:
    assert check_text("é\n") == "é\n"
    with pytest.raises(InputInvalid) as caught:
        check_text(text, "a tag")
    assert caught.value.message == message
