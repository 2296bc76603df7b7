"""How many secrets are found, and how many innocent arguments are taken for one, of arguments made from shapes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest

from qanat.domain import secrets
from tests.support import secret_corpus

SEED = 20260101
FOUND_MIN, TAKEN_MAX = 0.98, 0.005
SIZE = 300_000
CPU_S_MAX = 4  # on a busy machine; it takes a tenth of this on a quiet one
UNITS = (
    "1",
    "token ",
    "key=a,",
    "--token a ",
    "-eyJ",
    "://a:",
    "sk-a-",
    "password=a,",
    "=",
    "-----BEGIN PRIVATE KEY",
    "1.",
)


def is_taken(arguments: list[str]) -> bool:
    return any(secrets.in_argument(before, argument) for before, argument in pairwise(("", *arguments)))


def share_found(cases: Iterable[tuple[str, list[str]]]) -> tuple[float, dict[str, list[str]]]:
    """Return the share of cases that are found, and one that is missed for each shape."""
    of_all = list(cases)
    missed = [(shape, arguments) for shape, arguments in of_all if not is_taken(arguments)]
    return 1 - len(missed) / len(of_all), dict(missed)


def test_tokens_of_known_forms_are_found_bare() -> None:
    share, missed = share_found(secret_corpus.bare(random.Random(SEED), 10))
    print(f"bare tokens found: {share:.1%} of {len(secret_corpus.BARE)} forms")
    assert share >= FOUND_MIN, missed


def test_values_are_found_by_the_names_of_their_options() -> None:
    share, missed = share_found(secret_corpus.named(random.Random(SEED), 20))
    print(f"named values found: {share:.1%}")
    assert share >= FOUND_MIN, missed


def test_innocent_arguments_are_not_taken_for_secrets() -> None:
    innocent = list(secret_corpus.innocent(random.Random(SEED), 8_000))
    taken = [arguments for arguments in innocent if is_taken(arguments)]
    print(f"innocent arguments taken: {len(taken) / len(innocent):.2%} of {len(innocent):,}")
    assert len(taken) <= TAKEN_MAX * len(innocent), taken


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_in_the_size_of_a_value(unit: str) -> None:
    text = unit * (SIZE // len(unit)) + "x"
    begun = time.process_time()
    secrets.in_argument("--token", text)
    list(secrets.in_text(text))
    list(secrets.in_content({"token": text, "args": ["--token", text, text]}))
    assert time.process_time() - begun < CPU_S_MAX
