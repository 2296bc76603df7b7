"""Environments: how they differ, how they are described, and which variables and modules are recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.domain.environment import (
    MODULES_MAX,
    VALUE_MAX,
    Environment,
    Interpreter,
    differences,
    listed,
    recorded_modules,
    recorded_variables,
)

DIGEST = f"sha256:{'ab' * 32}"
FULL = Environment(
    Interpreter("python", "3.12.4", "CPython, GCC 12.2.0", "conda"),
    "",
    {"numpy": "2.1.0", "scipy": "1.14"},
    {"cudatoolkit": "11.8.0 h37601d7_11"},
    {"uv.lock": DIGEST},
    ("gcc/12.3", "cuda/12.1"),
    {"OMP_NUM_THREADS": "4"},
)


def test_an_environment_does_not_differ_from_itself() -> None:
    assert differences(FULL, FULL) == []
    assert differences(Environment(), Environment()) == []


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({"interpreter": None}, ["Python 3.12.4 CPython, GCC 12.2.0 conda is gone"]),
        (
            {"interpreter": Interpreter("python", "3.13.0")},
            ["Python 3.13.0, was 3.12.4 CPython, GCC 12.2.0 conda"],
        ),
        (
            {"distributions": {"numpy": "2.2.0", "torch": "2.5"}},
            ["numpy 2.2.0, was 2.1.0", "scipy 1.14 is gone", "torch 2.5 is new"],
        ),
        ({"conda": {}}, ["conda package cudatoolkit 11.8.0 h37601d7_11 is gone"]),
        ({"locks": {"uv.lock": f"sha256:{'cd' * 32}"}}, ["uv.lock sha256:cdcdcdcdcd, was sha256:ababababab"]),
        ({"modules": ("gcc/13.1",)}, ["modules gcc/13.1, was gcc/12.3 cuda/12.1"]),
        ({"modules": ()}, ["modules none, was gcc/12.3 cuda/12.1"]),
        ({"variables": {"OMP_NUM_THREADS": "8"}}, ["OMP_NUM_THREADS 8, was 4"]),
        ({"executable": DIGEST}, ["executable sha256:ababababab is new"]),
    ],
)  # fmt: skip
def test_each_part_can_differ(now: dict[str, object], found: list[str]) -> None:
    assert differences(FULL, replace(FULL, **now)) == found  # type: ignore[arg-type]


def test_many_differences_are_counted() -> None:
    many = differences(Environment(), Environment(distributions={f"p{n:02}": "1" for n in range(10)}))
    assert listed(many) == "; ".join([*(f"p{n:02} 1 is new" for n in range(8)), "and 2 more"])
    assert len(listed(["x" * 10_000])) == VALUE_MAX


def test_an_environment_is_described_in_a_line() -> None:
    assert FULL.described == (
        "Python 3.12.4 (conda), 2 packages, 1 conda package, uv.lock, modules gcc/12.3 cuda/12.1, OMP_NUM_THREADS=4"
    )
    assert Environment(Interpreter("r", "4.4.1")).described == "R 4.4.1"
    assert Environment(executable=DIGEST).described == "executable sha256 ababababab"
    with_library = Environment(executable=DIGEST, libraries={"liba.so": DIGEST})
    assert with_library.described == "executable sha256 ababababab, 1 library"
    other = Environment(executable=DIGEST, libraries={"liba.so": f"sha256:{'cd' * 32}"})
    assert differences(with_library, other) == ["liba.so sha256:cdcdcdcdcd, was sha256:ababababab"]


def test_only_variables_that_change_results_are_recorded() -> None:
    variables = {"OMP_NUM_THREADS": "4", "KMP_AFFINITY": "compact", "TZ": "UTC", "LC_ALL": "", "HOME": "/home/ada"}
    assert recorded_variables(variables) == {"OMP_NUM_THREADS": "4", "KMP_AFFINITY": "compact", "TZ": "UTC"}


@pytest.mark.parametrize(
    "variables",
    [
        {"OMP_TOKEN": "ghp_0123456789abcdefghijABCDEFGHIJ012345"},
        {"XLA_FLAGS": "--token=ghp_0123456789abcdefghijABCDEFGHIJ012345"},
        {"OMP_PASSWORD": "Tr0ub4dor&3xyz"},
        {"TZ": "x" * (VALUE_MAX + 1)},
        {"TZ": "UTC\x1b[2J"},
    ],
)
def test_what_looks_like_a_secret_or_cannot_be_shown_is_not_recorded(variables: dict[str, str]) -> None:
    assert recorded_variables(variables) == {}


def test_modules_stay_in_their_order() -> None:
    assert recorded_modules({"LOADEDMODULES": "gcc/12.3:cuda/12.1:"}) == ("gcc/12.3", "cuda/12.1")
    assert recorded_modules({}) == ()
    assert recorded_modules({"LOADEDMODULES": "a\x1b:ghp_0123456789abcdefghijABCDEFGHIJ012345"}) == ()
    assert len(recorded_modules({"LOADEDMODULES": ":".join(map(str, range(MODULES_MAX + 1)))})) == MODULES_MAX
