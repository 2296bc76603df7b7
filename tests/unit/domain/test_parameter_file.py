"""The file of -f/--param_file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from qanat.domain.parameter_file import grid_from_file
from qanat.domain.parameters import expand
from qanat.domain.shortening import quoted
from qanat.errors import EXIT_USAGE, InputInvalid
from tests.support.strategies import accepted_or_refused, json_values, stable

FILE = "params.yaml"
SHAPE = (
    "it must look like: fixed_args: {positional, options} and "
    "varying_args: {range: {positional, options}, groups: [{positional, options}]}"
)


def lines(content: Any) -> list[str]:
    """Return the arguments of every group, joined by spaces."""
    return [" ".join(args) for args in expand(grid_from_file(content, FILE))]


def refusal(content: Any) -> InputInvalid:
    """Return the error with which a file is refused."""
    with pytest.raises(InputInvalid) as caught:
        expand(grid_from_file(content, FILE))
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


def ranged(value: Any) -> dict[str, Any]:
    """Return a file with one range."""
    return {"varying_args": {"range": {"options": {"--n": value}}}}


def test_the_documented_example_gives_its_ten_groups_in_their_order() -> None:
    content = {
        "fixed_args": {"options": {"--mean": "10, -50"}},
        "varying_args": {
            "range": {"options": {"--n_samples": ["5", "51", "10"]}},
            "groups": [
                {"options": {"--cov": "1, 0.8, 0.8, 1"}, "positional": {"0": "10"}},
                {"options": {"--cov": "1, 0.4, 0.4, 1"}, "positional": {"0": "10", "1": "500"}},
            ],
        },
    }
    expected = []
    for samples in ("5", "15", "25", "35", "45"):
        expected += [
            ("10", "--mean", "10, -50", "--cov", "1, 0.8, 0.8, 1", "--n_samples", samples),
            ("10", "500", "--mean", "10, -50", "--cov", "1, 0.4, 0.4, 1", "--n_samples", samples),
        ]
    assert expand(grid_from_file(content, FILE)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["0", "3", "1"], ["0", "1", "2"]),
        (["0", "3"], ["0", "1", "2"]),
        (["3", "0", "-1"], ["3", "2", "1"]),
        ({"start": "1", "stop": "3", "step": "1"}, ["1", "2"]),
        ({"start": "1", "stop": "3"}, ["1", "2"]),
        ({"stop": "2"}, ["0", "1"]),
        ({"values": ["1e-4", "a b", "x"]}, ["1e-4", "a b", "x"]),
    ],
)
def test_a_range_is_written_in_one_of_three_ways(value: Any, expected: list[str]) -> None:
    assert [args[1] for args in expand(grid_from_file(ranged(value), FILE))] == expected


def test_an_option_has_no_value_one_or_several() -> None:
    content = {"fixed_args": {"options": {"--flag": None, "--x": "1e-4", "-l": ["1", "2", "3"], "--empty": ""}}}
    assert expand(grid_from_file(content, FILE)) == [("--flag", "--x", "1e-4", "-l", "1", "2", "3", "--empty", "")]


def test_positions_may_be_fixed_in_a_range_and_in_groups() -> None:
    content = {
        "fixed_args": {"positional": {"0": "a"}},
        "varying_args": {"range": {"positional": {"1": ["0", "2", "1"]}}, "groups": [{"positional": {"2": "z"}}]},
    }
    assert lines(content) == ["a 0 z", "a 1 z"]


def test_more_than_ten_positions_keep_their_order() -> None:
    content = {"fixed_args": {"positional": {str(i): f"w{i}" for i in reversed(range(12))}}}
    assert lines(content) == [" ".join(f"w{i}" for i in range(12))]


def test_parts_that_are_left_empty_count_as_left_out() -> None:
    content = {"fixed_args": {"options": None, "positional": {"0": "a"}}, "varying_args": None}
    assert lines(content) == ["a"]


@pytest.mark.parametrize("content", [None, {}])
def test_a_file_without_parameters_is_refused(content: Any) -> None:
    error = refusal(content)
    assert error.message == "params.yaml: has no parameters"
    assert error.hint == SHAPE


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ([], "params.yaml: is not a mapping", SHAPE),
        (
            {"fixed": {}},
            "params.yaml: unknown key 'fixed'",
            "known: fixed_args, varying_args",
        ),
        (
            {"fixed_args": {"--a": "1"}},
            "params.yaml: fixed_args: unknown key '--a'",
            "known: options, positional",
        ),
        (
            {"varying_args": {"ranges": {}}},
            "params.yaml: varying_args: unknown key 'ranges'",
            "known: groups, range",
        ),
        (
            {"varying_args": {"groups": {"a": "1"}}},
            "params.yaml: varying_args.groups: is a list of groups",
            "write each as - {options: {--a: 1}}",
        ),
        (
            {"varying_args": {"groups": []}},
            "params.yaml: varying_args.groups: is a list of groups",
            "write each as - {options: {--a: 1}}",
        ),
        (
            {"fixed_args": {"positional": {"x": "1"}}},
            "params.yaml: fixed_args.positional: 'x' is not a position",
            "positions are 0, 1, 2, …",
        ),
        (
            {"fixed_args": {"positional": {"-1": "1"}}},
            "params.yaml: fixed_args.positional: '-1' is not a position",
            "positions are 0, 1, 2, …",
        ),
        (
            {"fixed_args": {"positional": {"0": "1", "00": "2"}}},
            "params.yaml: fixed_args.positional: '00' is not a position",
            "positions are 0, 1, 2, …",
        ),
        (
            {"fixed_args": {"positional": {"9" * 5000: "1"}}},
            f"params.yaml: fixed_args.positional: {quoted('9' * 5000)} is not a position",
            "positions are 0, 1, 2, …",
        ),
        (
            {"fixed_args": {"options": {"seed": "1"}}},
            "params.yaml: fixed_args.options: 'seed' is not an option",
            "write it with its dashes: --seed",
        ),
        (
            {"fixed_args": {"options": {"--a": {"b": "1"}}}},
            "params.yaml: fixed_args.options.--a: is not a single value",
            "",
        ),
        (
            {"fixed_args": {"positional": {"0": None}}},
            "params.yaml: fixed_args.positional.0: is not a single value",
            "",
        ),
        (
            ranged(["0", "3", "0"]),
            "params.yaml: varying_args.range.options.--n: the step is 0",
            "use a step such as 1 or -1",
        ),
        (
            ranged(["0", "x", "1"]),
            "params.yaml: varying_args.range.options.--n: 'x' is not a number",
            "use a start, a stop and a step (--seed 0 10 1), or list the values (--lr 0.001,0.01,0.1)",
        ),
        (
            ranged({"values": []}),
            "params.yaml: varying_args.range.options.--n: values is a list with at least one value",
            "",
        ),
        (
            ranged({"values": ["1"], "step": "2"}),
            "params.yaml: varying_args.range.options.--n: unknown key 'step'",
            "known: values",
        ),
        (
            {"fixed_args": {"options": {"--a": "1"}}, "varying_args": {"groups": [{"options": {"--a": "2"}}]}},
            "params.yaml: --a is given twice",
            "an option is fixed, in a range or in the groups",
        ),
        (
            {"fixed_args": {"options": {"--n": "1"}}, **ranged(["0", "3", "1"])},
            "params.yaml: --n is given twice",
            "an option is fixed, in a range or in the groups",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_what_to_write(content: Any, message: str, hint: str) -> None:
    error = refusal(content)
    assert (error.message, error.hint) == (message, hint)


@pytest.mark.parametrize("value", [None, "0", ["0"], ["0", "1", "2", "3"], ["0", None, "1"], {"start": "0"}, {}])
def test_a_range_of_another_form_is_refused(value: Any) -> None:
    error = refusal(ranged(value))
    place = "params.yaml: varying_args.range.options.--n"
    assert error.message == f"{place}: a range is [start, stop, step], {{start, stop, step}} or {{values: […]}}"
    assert error.hint == "for a list of values write {values: [1, 5, 7]}"


@stable
@given(json_values())
def test_any_content_is_a_grid_or_a_sentence(content: Any) -> None:
    for whole in (content, {"fixed_args": content}, {"varying_args": {"groups": content, "range": content}}):
        with accepted_or_refused(InputInvalid, FILE):
            grid_from_file(whole, FILE)
