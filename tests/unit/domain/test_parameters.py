"""From arguments, groups and ranges to the arguments of every group."""

from __future__ import annotations

import itertools
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.parameters import (
    Arguments,
    Grid,
    by_name,
    by_plain_name,
    check_targets,
    expand,
    grid_from_arguments,
    is_option,
    parse_range,
    plain_names,
    split_group,
)
from qanat.domain.ranges import ValueRange
from qanat.errors import EXIT_USAGE, InputInvalid
from tests.support.strategies import stable, words

many_words = st.lists(words, max_size=15)


def refusal(grid: Grid) -> InputInvalid:
    """Return the error with which a grid is refused."""
    with pytest.raises(InputInvalid) as caught:
        expand(grid)
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


# ---- what the program receives is what was typed


@stable
@given(many_words)
def test_without_groups_and_ranges_the_words_are_passed_on_as_they_are(args: list[str]) -> None:
    assert expand(grid_from_arguments(args, [], [])) == [tuple(args)]


@stable
@given(many_words)
def test_a_group_that_was_quoted_for_a_shell_comes_back_as_it_was(args: list[str]) -> None:
    assert split_group(shlex.join(args)) == tuple(args)


@stable
@given(many_words, st.lists(many_words, min_size=1, max_size=4), st.integers(1, 4), st.integers(1, 3))
def test_every_group_has_the_fixed_words_its_own_and_one_value_of_each_range(
    args: list[str], groups: list[list[str]], seeds: int, rates: int
) -> None:
    grid = grid_from_arguments(args, [shlex.join(g) for g in groups], [f"--seed 0 {seeds} 1", f"--lr 1 {rates + 1}"])
    found = expand(grid)
    assert len(found) == grid.count() == len(groups) * seeds * rates
    expected = [
        (*args, *group, "--seed", str(seed), "--lr", str(rate + 1))
        for rate, seed, group in itertools.product(range(rates), range(seeds), groups)
    ]
    assert found == expected


def test_the_eleventh_positional_is_there_and_nothing_changes_its_place() -> None:
    args = [str(number) for number in range(25)] + ["--l", "1", "2", "3", "-lr", "0.1", "--flag"]
    assert expand(grid_from_arguments(args, [], [])) == [tuple(args)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 --opt1 v", ("1", "--opt1", "v")),
        ("--cov \"1, 0.8\" --name 'a b'", ("--cov", "1, 0.8", "--name", "a b")),
        ("--empty '' \"\"", ("--empty", "", "")),
        ("--path a\\ b", ("--path", "a b")),
        ("--x $(touch y) `z` ; *", ("--x", "$(touch", "y)", "`z`", ";", "*")),
        ("--hash #5 a#b", ("--hash", "#5", "a#b")),
        ("a\nb\tc", ("a", "b", "c")),
        ('"a\nb"', ("a\nb",)),
        ("", ()),
        ("   ", ()),
        ("-5 -.5 -1e-3", ("-5", "-.5", "-1e-3")),
    ],
)
def test_a_group_is_split_as_a_shell_splits_words(text: str, expected: tuple[str, ...]) -> None:
    assert split_group(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [("--a 'b", "no closing quotation"), ('"', "no closing quotation"), ("a\\", "no escaped character")],
)
def test_an_open_quote_in_a_group_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        split_group(text)
    assert caught.value.message == f"-g {text!r}: {problem}"
    assert caught.value.hint == "close the quote or escape it"


# ---- ranges


@pytest.mark.parametrize(
    ("text", "target", "values"),
    [
        ("--seed 0 3 1", "--seed", ["0", "1", "2"]),
        ("--seed 0 3", "--seed", ["0", "1", "2"]),
        ("--lr 0.1,0.01", "--lr", ["0.1", "0.01"]),
        ("--lr 0.10", "--lr", ["0.10"]),
        ("--name 'a b,c d'", "--name", ["a b", "c d"]),
        ("--name a,,b", "--name", ["a", "", "b"]),
        ("--name ''", "--name", [""]),
        ("-n -1 1 1", "-n", ["-1", "0"]),
        ("-lr 3 0 -1", "-lr", ["3", "2", "1"]),
        ("pos_0 1 3 1", 0, ["1", "2"]),
        ("pos_12 x,y", 12, ["x", "y"]),
        ("--name 'a, b'", "--name", ["a", " b"]),
        ("--pages 1..3,5..7", "--pages", ["1..3", "5..7"]),
        ("--file ../x", "--file", ["../x"]),
    ],
)
def test_a_range_is_read(text: str, target: str | int, values: list[str]) -> None:
    found = parse_range(text)
    assert found.target == target
    assert list(found.values) == values


@pytest.mark.parametrize("text", ["", "--seed", "--seed 0 1 2 3"])
def test_a_range_with_too_few_or_too_many_words_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        parse_range(text)
    message = f"-R {text!r}: a range is an option, a start, a stop and a step, or an option and values"
    assert caught.value.message == message
    assert caught.value.hint == 'write it as -R "--seed 0 10 1" or -R "--lr 0.1,0.01"'


@pytest.mark.parametrize(
    ("text", "problem", "right"),
    [
        ("--lr 0.1, 0.01", "separated by commas without spaces", 'write it as -R "--lr 0.1,0.01"'),
        ("--lr 1 , 2 ,3, 4", "separated by commas without spaces", 'write it as -R "--lr 1,2,3,4"'),
        ("--name 'a b', c", "separated by commas without spaces", "write it as -R \"--name 'a b,c'\""),
        ("--seed 0..3", "0..3 is a single value", 'write the range as -R "--seed 0 3", which leaves out 3'),
        ("--lr 0.003..0.3", "is a single value", 'write the range as -R "--lr 0.003 0.3 STEP", which leaves out 0.3'),
        ("--lr 0.1..0.5..0.1", "is a single value", 'write the range as -R "--lr 0.1 0.5 0.1", which leaves out 0.5'),
    ],
)
def test_a_range_in_the_form_of_other_tools_is_refused_with_the_right_one(text: str, problem: str, right: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        parse_range(text)
    assert problem in caught.value.message
    assert caught.value.hint == right


@pytest.mark.parametrize("first", ["seed", "-", "-5", "-.5", "pos_", "pos_x", "pos_1234567", "pos_٣", "POS_0", "''"])
def test_a_range_of_what_is_neither_an_option_nor_a_position_is_refused(first: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        parse_range(f"{first} 0 10 1")
    assert "is not an option" in caught.value.message
    assert caught.value.hint == "start with an option, such as --seed, or with pos_0"


def test_a_range_says_itself_when_its_numbers_are_wrong() -> None:
    with pytest.raises(InputInvalid, match=r"-R '--seed 0 x 1': 'x' is not a number"):
        parse_range("--seed 0 x 1")
    with pytest.raises(InputInvalid, match=r"-R '--seed 0 5 0': the step is 0"):
        parse_range("--seed 0 5 0")


def test_a_word_in_place_of_a_step_leads_to_a_list_of_values() -> None:
    with pytest.raises(InputInvalid, match="'log' is not a number") as caught:
        parse_range("--lr 1e-3 1e-1 log")
    assert caught.value.hint.endswith("or list the values (--lr 0.001,0.01,0.1)")


def test_groups_vary_fastest_then_the_ranges_in_the_order_given() -> None:
    grid = grid_from_arguments(["--v"], ["a", "b"], ["--seed 0 2 1", "--lr 1,2"])
    found = [" ".join(args) for args in expand(grid)]
    assert found == [
        "--v a --seed 0 --lr 1",
        "--v b --seed 0 --lr 1",
        "--v a --seed 1 --lr 1",
        "--v b --seed 1 --lr 1",
        "--v a --seed 0 --lr 2",
        "--v b --seed 0 --lr 2",
        "--v a --seed 1 --lr 2",
        "--v b --seed 1 --lr 2",
    ]


def test_a_billion_groups_are_counted_without_being_listed() -> None:
    grid = grid_from_arguments([], ["a", "b"], ["--n 0 1e9 1", "--m 0 1e9 1"])
    assert grid.count() == 2 * 10**18


# ---- positions


def test_words_by_position_come_first_and_in_their_order() -> None:
    fixed = Arguments({1: "b"}, ("--x", "1"))
    grid = Grid(fixed, (Arguments({0: "a"}, ("--y",)),), (ValueRange(2, ("c", "d")), ValueRange("--z", ("9",))))
    assert expand(grid) == [
        ("a", "b", "c", "--x", "1", "--y", "--z", "9"),
        ("a", "b", "d", "--x", "1", "--y", "--z", "9"),
    ]


@pytest.mark.parametrize(
    ("grid", "message", "hint"),
    [
        (
            Grid(ranges=(ValueRange("--a", ("1",)), ValueRange("--a", ("2",)))),
            "--a has two ranges",
            "put all its values into one",
        ),
        (
            Grid(Arguments(ordered=("--a=1",)), ranges=(ValueRange("--a", ("1", "2")),)),
            "--a has both a value and a range",
            "remove one of them",
        ),
        (
            Grid(groups=(Arguments(), Arguments(ordered=("--a", "1"))), ranges=(ValueRange("--a", ("1", "2")),)),
            "--a has both a value and a range",
            "remove one of them",
        ),
        (
            Grid(ranges=(ValueRange(0, ("1",)), ValueRange(0, ("2",)))),
            "position 0 has two ranges",
            "put all its values into one",
        ),
        (
            Grid(Arguments({0: "a"}), (), (ValueRange(0, ("1",)),)),
            "a position is both fixed and a range",
            "remove one of them",
        ),
        (
            Grid(Arguments({0: "a"}), (Arguments({1: "b"}), Arguments({0: "c"}))),
            "position 0 is given twice",
            "remove one of them",
        ),
        (
            Grid(Arguments({0: "a", 2: "c"})),
            "position 1 is missing",
            "positions count from 0 without gaps",
        ),
        (
            Grid(ranges=(ValueRange(1, ("1",)),)),
            "position 0 is missing",
            "positions count from 0 without gaps",
        ),
        (
            Grid(Arguments(), (Arguments({0: "a"}), Arguments({1: "b"}))),
            "position 0 is missing",
            "positions count from 0 without gaps",
        ),
    ],
)
def test_a_place_that_is_filled_twice_or_left_out_is_refused(grid: Grid, message: str, hint: str) -> None:
    error = refusal(grid)
    assert (error.message, error.hint) == (message, hint)


def test_groups_may_differ_in_how_many_positions_they_have() -> None:
    grid = Grid(Arguments(), (Arguments({0: "10"}), Arguments({0: "10", 1: "500"}), Arguments()))
    check_targets(grid)
    assert expand(grid) == [("10",), ("10", "500"), ()]


def test_what_a_file_asks_for_comes_before_what_the_words_ask_for() -> None:
    file = Grid(Arguments({0: "a"}, ("--x",)), (Arguments({}, ("g",)),), (ValueRange("--m", ("1",)),))
    joined = file.join(grid_from_arguments(["--y"], ["h"], ["--n 5"]))
    assert expand(joined) == [
        ("a", "--x", "--y", "g", "--m", "1", "--n", "5"),
        ("a", "--x", "--y", "h", "--m", "1", "--n", "5"),
    ]


# ---- names for people


@pytest.mark.parametrize("word", ["-a", "-lr", "--seed", "--", "--seed=1", "-x5"])
def test_words_with_a_dash_are_options(word: str) -> None:
    assert is_option(word)


@pytest.mark.parametrize("word", ["", "-", "a", "-5", "-.5", "-1e3", "5", "a-b"])
def test_numbers_and_plain_words_are_no_options(word: str) -> None:
    assert not is_option(word)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), {}),
        (("--nbins", "10"), {"--nbins": "10"}),
        (("10", "500", "--cov", "1"), {"pos_0": "10", "pos_1": "500", "--cov": "1"}),
        (("--l", "1", "2", "3"), {"--l": ["1", "2", "3"]}),
        (("--flag", "--x", "-5"), {"--flag": "", "--x": "-5"}),
        (("--x=1", "--x", "2"), {"--x": ["1", "2"]}),
        (("--x=a=b",), {"--x": "a=b"}),
        (("--x=",), {"--x": ""}),
        (("--y=3", "pos"), {"--y": "3", "pos_0": "pos"}),
        (("a", "--y=3", "b", "--y", "4"), {"pos_0": "a", "--y": ["3", "4"], "pos_1": "b"}),
        (("-", "-x", "-"), {"pos_0": "-", "-x": "-"}),
    ],
)
def test_the_words_of_a_group_are_named(args: tuple[str, ...], expected: dict[str, str | list[str]]) -> None:
    assert by_name(args) == expected


def test_names_have_dashes_only_where_they_are_told_apart_by_them() -> None:
    assert plain_names(["-n", "--n", "--lr", "pos_0"]) == {"-n": "-n", "--n": "--n", "--lr": "lr", "pos_0": "pos_0"}
    assert by_plain_name(["x", "-n", "1", "--n", "5", "--lr", "a", "b"]) == {
        "pos_0": "x",
        "-n": "1",
        "--n": "5",
        "lr": "a b",
    }


@stable
@given(many_words)
def test_no_word_is_lost_when_they_are_named(args: list[str]) -> None:
    found = by_name(args)
    values = [v for value in found.values() for v in ([value] if isinstance(value, str) else value)]
    for word in args:
        option, _, value = word.partition("=")
        assert word in values or word in found or (option in found and value in values)
