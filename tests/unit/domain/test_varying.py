"""The parameters that tell runs apart: short, and only those that differ."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qanat.domain.run import Group
from qanat.domain.varying import NAMES_MAX, VALUE_CHARACTERS_MAX, spread_parameters, varying


def spread(*groups: str) -> dict[str, str]:
    """Spread the parameters of groups with these arguments."""
    return spread_parameters(Group(number, tuple(words.split())) for number, words in enumerate(groups))


@pytest.mark.parametrize(
    ("groups", "parameters"),
    [
        (["--lr 0.1 --seed 3"], {"lr": "0.1", "seed": "3"}),
        (["--lr 0.1 --seed 0", "--lr 0.1 --seed 1"], {"lr": "0.1", "seed": "0,1"}),
        (["-s 2", "-s 0", "-s 1", "-s 2"], {"s": "2,0,1"}),
        (["-s 0", "-s 1", "-s 2", "-s 3"], {"s": "0…3"}),
        (["-s 0.1", "-s 1e-2", "-s 0.3", "-s 0.2"], {"s": "1e-2…0.3"}),
        (["-s 2", f"-s 1{'0' * 350}", "-s 3", "-s inf"], {"s": "2…inf"}),
        (["-s 0", "-s 1", "-s nan", "-s 3"], {"s": "0,1 and 2 more"}),
        (["-o sgd", "-o adam", "-o rms", "-o 1"], {"o": "sgd,adam and 2 more"}),
        (["--verbose", ""], {"verbose": ""}),
        (["in.txt out.txt"], {"pos_0": "in.txt", "pos_1": "out.txt"}),
        (["--size 3 4"], {"size": "3 4"}),
        (["--a=1", "--b 2"], {"a": "1", "b": "2"}),
        ([""], {}),
        ([], {}),
    ],
)
def test_parameters_are_named_without_dashes_and_have_the_values_of_all_groups(
    groups: Sequence[str], parameters: dict[str, str]
) -> None:
    assert spread(*groups) == parameters


def test_long_values_are_cut_and_of_many_names_the_first_are_kept() -> None:
    whole, long = "x" * VALUE_CHARACTERS_MAX, "x" * (VALUE_CHARACTERS_MAX + 1)
    assert spread(f"-a {whole} -b {long}") == {"a": whole, "b": "x" * (VALUE_CHARACTERS_MAX - 1) + "…"}
    words = " ".join(f"--n{number} 1" for number in range(NAMES_MAX + 1))
    assert list(spread(words)) == [f"n{number}" for number in range(NAMES_MAX)]


def test_parameters_that_are_the_same_in_all_runs_of_an_experiment_do_not_tell_them_apart() -> None:
    runs = [("iris", {"lr": "0.1", "n": "5"}), ("iris", {"lr": "0.2", "n": "5"}), ("iris", {"lr": "0.1", "n": "5"})]
    assert varying(runs) == [{"lr": "0.1"}, {"lr": "0.2"}, {"lr": "0.1"}]


def test_a_parameter_that_only_some_runs_have_tells_them_apart() -> None:
    assert varying([("iris", {"lr": "0.1"}), ("iris", {"lr": "0.1", "verbose": ""})]) == [{}, {"verbose": ""}]


def test_runs_are_told_apart_from_those_of_the_same_experiment_only() -> None:
    runs = [("iris", {"lr": "0.1"}), ("wine", {"lr": "0.2"}), ("iris", {"lr": "0.1"}), ("wine", {"lr": "0.3"})]
    assert varying(runs) == [{}, {"lr": "0.2"}, {}, {"lr": "0.3"}]


def test_a_run_that_is_alone_has_all_its_parameters() -> None:
    assert varying([("iris", {"lr": "0.1", "n": "5"}), ("wine", {}), ("wine", {})]) == [{"lr": "0.1", "n": "5"}, {}, {}]
    assert varying([]) == []
