"""Which arguments of `qanat run` belong to qanat, and which to the program."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.cli.commands.run import run
from qanat.cli.terminal.arguments import ONLY_BEFORE_NAME, options_of, split, split_after
from qanat.domain.parameters import expand, grid_from_arguments
from qanat.errors import EXIT_USAGE, UsageError
from tests.support.strategies import stable, words

KNOWN = options_of(run)
NAMES = st.sampled_from(["summary_iris", "a", "-"])

program_words = st.lists(
    (
        words | st.sampled_from(["-lr", "-t", "-h", "--tag=x", "-g1", "-5", "-.5", "", "-", "---", "--x", "=", "-j4"])
    ).filter(lambda word: word != "--" and (word not in KNOWN or word in ONLY_BEFORE_NAME)),
    max_size=15,
)
"""Words that go to the program wherever they stand after NAME."""


def options() -> st.SearchStrategy[list[str]]:
    """Return a qanat option, in any form, with its value if it takes one."""
    after_name = sorted(word for word in KNOWN if word not in ONLY_BEFORE_NAME)
    return st.sampled_from(after_name).flatmap(
        lambda option: words.map(lambda value: [option, value]) if KNOWN[option] else st.just([option])
    )


# ---- properties


@stable
@given(NAMES, program_words)
def test_words_that_are_none_of_qanats_go_to_the_program_as_they_are(name: str, program: list[str]) -> None:
    assert split([name, *program], KNOWN) == ([], name, program)


@stable
@given(NAMES, st.lists(words, max_size=15))
def test_after_two_dashes_every_word_goes_to_the_program(name: str, program: list[str]) -> None:
    assert split([name, "--", *program], KNOWN) == ([], name, program)
    assert split(["--", name, "--", *program], KNOWN) == ([], name, program)


@stable
@given(
    st.lists(options(), max_size=4), NAMES, st.lists(options() | program_words.map(tuple), max_size=6), st.lists(words)
)
def test_options_are_taken_out_anywhere_and_the_other_words_keep_their_order(
    before: list[list[str]], name: str, parts: list[list[str] | tuple[str, ...]], rest: list[str]
) -> None:
    own = [word for option in before for word in option]
    typed = [*own, name, *(word for part in parts for word in part), "--", *rest]
    own += [word for part in parts if isinstance(part, list) for word in part]
    program = [word for part in parts if isinstance(part, tuple) for word in part]
    assert split(typed, KNOWN) == (own, name, [*program, *rest])


@stable
@given(program_words, st.lists(st.lists(words, max_size=5), min_size=1, max_size=3), st.integers(1, 3))
def test_a_program_receives_what_was_typed_then_its_group_then_its_value(
    program: list[str], groups: list[list[str]], seeds: int
) -> None:
    given_groups = [word for group in groups for word in ("-g", shlex.join(group))]
    parts = split([*given_groups, "iris", *program, "-R", f"--seed 0 {seeds} 1"], KNOWN)
    assert parts.program == program
    texts, (bounds,) = parts.own[1:-2:2], parts.own[-1:]
    received = expand(grid_from_arguments(parts.program, texts, [bounds]))
    assert received == [(*program, *group, "--seed", str(seed)) for seed in range(seeds) for group in groups]


@stable
@given(st.lists(words | st.sampled_from([*KNOWN, "--"])))
def test_any_words_are_split_without_losing_one_or_refused_with_a_sentence(typed: list[str]) -> None:
    try:
        own, name, program = split(typed, KNOWN)
    except UsageError as error:
        refused = error.message
    else:
        refused = ""
        kept = [*own, *([name] if name is not None else []), *program]
        dashes = typed.count("--") - kept.count("--")
        assert sorted([*kept, *["--"] * dashes]) == sorted(typed)
        assert dashes <= 2
    assert refused == "" or refused.endswith(" requires a value")


# ---- examples


@pytest.mark.parametrize(
    ("typed", "own", "name", "program"),
    [
        ("", "", None, ""),
        ("iris", "", "iris", ""),
        ("iris --nbins 20", "", "iris", "--nbins 20"),
        ("--tag a iris --tag b c", "--tag a --tag b", "iris", "c"),
        ("-t a iris -t b", "-t a", "iris", "-t b"),
        ("-h iris -h", "-h", "iris", "-h"),
        ("iris --help", "--help", "iris", ""),
        ("iris -lr 0.1 -j 2", "-j 2", "iris", "-lr 0.1"),
        ("iris -j2", "", "iris", "-j2"),
        ("-j2 iris", "-j2", "iris", ""),
        ("--tag=a iris --tag=b", "--tag=a", "iris", "--tag=b"),
        ("--unknown iris x", "--unknown", "iris", "x"),
        ("iris -g '1 --a 2' -g 3", "-g '1 --a 2' -g 3", "iris", ""),
        ("iris -g -5", "-g -5", "iris", ""),
        ("iris -g --dry_run", "-g --dry_run", "iris", ""),
        ("iris -g -- x", "-g --", "iris", "x"),
        ("iris -- -g 1 --dry_run", "", "iris", "-g 1 --dry_run"),
        ("iris -- a -- b", "", "iris", "a -- b"),
        ("-- iris a -g", "", "iris", "a -g"),
        ("-- iris -- a", "", "iris", "a"),
        ("--", "", None, ""),
        ("iris --l 1 2 3 -5 -1e-3", "", "iris", "--l 1 2 3 -5 -1e-3"),
        ("iris 1 2 3 4 5 6 7 8 9 10 11 12", "", "iris", "1 2 3 4 5 6 7 8 9 10 11 12"),
        ("iris --submit-template a --submit_template b", "", "iris", None),
        ("iris --storage_path x --storage-path y", "--storage_path x --storage-path y", "iris", ""),
    ],
)
def test_documented_and_odd_lines(typed: str, own: str, name: str | None, program: str | None) -> None:
    found = split(shlex.split(typed), KNOWN)
    assert found.name == name
    if program is not None:
        assert (found.own, found.program) == (shlex.split(own), shlex.split(program))


@pytest.mark.parametrize("option", ["-g", "--range_param", "--storage_path", "--tag"])
def test_an_option_without_its_value_is_refused(option: str) -> None:
    with pytest.raises(UsageError) as caught:
        split(["iris", option], KNOWN)
    assert caught.value.message == f"option {option.replace('_', '-')} requires a value"
    assert caught.value.hint == "see --help"
    assert caught.value.exit_code == EXIT_USAGE


def test_every_option_is_known_in_both_spellings_with_whether_it_takes_a_value() -> None:
    for option in [word for word in KNOWN if word.startswith("--") and "_" in word]:
        assert KNOWN[option.replace("_", "-")] == KNOWN[option]
    assert all(KNOWN[option] for option in ("-g", "-R", "-f", "-j", "-t", "--group_param", "--storage-path"))
    assert not any(KNOWN[option] for option in ("--dry_run", "--yes", "--json", "--snapshot", "--help", "-h"))


def test_several_names_may_come_before_the_programs_words() -> None:
    assert split_after(["-j", "2", "iris", "plot", "a", "--tag", "b"], KNOWN, 2) == (
        ["-j", "2", "--tag", "b"],
        ["iris", "plot"],
        ["a"],
    )
    assert split_after(["iris", "--", "plot", "-j", "2"], KNOWN, 2) == ([], ["iris", "plot"], ["-j", "2"])
    assert split_after(["iris"], KNOWN, 2) == ([], ["iris"], [])
