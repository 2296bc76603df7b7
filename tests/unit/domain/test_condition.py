"""Conditions as text: what they mean, where a mistake is, and that they can be written again."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qanat.domain.condition import (
    EVERY,
    AllOf,
    AnyOf,
    Compared,
    Condition,
    Fresh,
    Not,
    Present,
    Said,
    all_of,
    parse,
    written,
)
from qanat.domain.condition_values import text_test
from qanat.errors import UsageError
from tests.support.strategies import accepted_or_refused, stable, texts

A, B, C = Compared("a", "=", "1"), Compared("b", "<", "2"), Said("c")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", EVERY),
        ("a=1", A),
        (" a == 1 ", A),
        ("a=1 and b<2", AllOf((A, B))),
        ("a=1 or b<2 and c", AnyOf((A, AllOf((B, C))))),
        ("(a=1 or b<2)and c", AllOf((AnyOf((A, B)), C))),
        ("a=1 AND NOT b<2", AllOf((A, Not(B)))),
        ("not (a=1)", Not(A)),
        ("not not c", Not(Not(C))),
        ("a='x y'", Compared("a", "=", "x y")),
        ('a="it\'s \\"1\\" \\\\ \\n"', Compared("a", "=", 'it\'s "1" \\ \\n')),
        ("a=''", Compared("a", "=", "")),
        ("a= and b<2", AllOf((Compared("a", "=", ""), B))),
        ("a=x y", Compared("a", "=", "x y")),
        ("a=x=y", Compared("a", "=", "x=y")),
        ("(a=f(x))", Compared("a", "=", "f(x)")),
        ("a=[1, 2]", Compared("a", "=", "[1, 2]")),
        ("a=-1", Compared("a", "=", "-1")),
        ("a!~x*", Compared("a", "!~", "x*")),
        ("android=1", Compared("android", "=", "1")),
        ("--and<3", Compared("--and", "<", "3")),
        ("'or'<3", Compared("or", "<", "3")),
        ("metric.val/acc@5>=1", Compared("metric.val/acc@5", ">=", "1")),
        ("metric.'val acc'>1", Compared("metric.val acc", ">", "1")),
        ("'metric.val acc'>1", Compared("metric.val acc", ">", "1")),
        ("--fast and c", AllOf((Present("--fast"), C))),
        ("metric.acc", Present("metric.acc")),
        ("parameter.'a b'", Present("parameter.a b")),
        ("figure 2 of f(x)", Said("figure 2 of f(x)")),
        ("'and' or don't", AnyOf((Said("and"), Said("don't")))),
        ("-1", Said("-1")),
        ("fresh and not fresh", AllOf((Fresh(), Not(Fresh())))),
        ("fresh paint or 'fresh' or fresh=1", AnyOf((Said("fresh paint"), Said("fresh"), Compared("fresh", "=", "1")))),
        ("tag:paper", Compared("tag", "=", "paper")),
        ("text:figure 2", Said("figure 2")),
        ("after:2026-11", Compared("date", ">=", "2026-11")),
        ("before:2026-11 and tag:x", AllOf((Compared("date", "<", "2026-11"), Compared("tag", "=", "x")))),
        ("a:b", Said("a:b")),
    ],
)
def test_a_condition_means(text: str, meaning: Condition) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=1 and", "a condition is missing (character 8 of the condition)"),
        ("or", "a condition is missing (character 1 of the condition)"),
        ("()", "a condition is missing (character 2 of the condition)"),
        ("b and (a=1", "'(' is not closed (character 7 of the condition)"),
        ("a=1)", "')' closes nothing (character 4 of the condition)"),
        ("a=1 b<2", "'and' or 'or' is missing before 'b<2' (character 5 of the condition)"),
        ("(a=1) b", "'and' or 'or' is missing before 'b' (character 7 of the condition)"),
        ("('a' b)", "'and' or 'or' is missing before 'b)' (character 6 of the condition)"),
        ("tag=x (b)", "'and' or 'or' is missing before '(b)' (character 7 of the condition)"),
        ("tag=x tag:y", "'and' or 'or' is missing before 'tag:y' (character 7 of the condition)"),
        ("--fast 3", "'and' or 'or' is missing before '3' (character 8 of the condition)"),
        ("a=1 not b<2", "'and' or 'or' is missing before 'b<2' (character 9 of the condition)"),
        ("<3", "a name is missing before '<' (character 1 of the condition)"),
        ("''=3", "a name is missing before '=' (character 3 of the condition)"),
        ("a> and b", "a value is missing after '>' (character 2 of the condition)"),
        ("a='x", "the quote is not closed (character 3 of the condition)"),
        ("(" * 102 + "a", "the condition is nested too deeply (character 102 of the condition)"),
        ("not " * 50_000 + "a", "the condition is nested too deeply (character 405 of the condition)"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert raised.value.message == message
    assert raised.value.hint == "for example: lr<0.01 and metric.acc>0.9 or tag=paper"


def test_the_place_of_each_name_is_kept() -> None:
    condition = parse("tag=a and (lr<1 or --fast)")
    assert isinstance(condition, AllOf)
    first, rest = condition.conditions
    assert isinstance(first, Compared)
    assert isinstance(rest, AnyOf)
    assert (first.place, [part.place for part in rest.conditions if isinstance(part, Compared | Present)]) == (
        0,
        [11, 19],
    )


def test_conditions_are_joined_without_those_that_every_run_meets() -> None:
    assert all_of([EVERY, A]) == A
    assert all_of([A, EVERY, B]) == AllOf((A, B))
    assert all_of([]) == EVERY


pieces = st.sampled_from(
    [
        "and",
        "or",
        "not",
        "(",
        ")",
        " ",
        "a",
        "=",
        "<",
        ">=",
        "!~",
        "'",
        '"',
        "\\",
        "metric.",
        "tag:",
        "--fast",
        "x y",
        "fresh",
        "1",
    ]
)
conditions = texts | st.lists(pieces, max_size=20).map("".join) | st.lists(pieces, max_size=20).map(" ".join)


@stable
@given(conditions)
@example("text:''")
@example("'metric.'<1")
def test_any_text_is_a_condition_or_an_error_with_a_place_in_it(text: str) -> None:
    with accepted_or_refused(UsageError, ""):
        condition = parse(text)
        assert parse(written(condition)) == condition


def built(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(leaves, min_size=2, max_size=3).map(tuple)
    return leaves.map(Not) | several.map(AllOf) | several.map(AnyOf)


operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~", "!~"])
leaves: st.SearchStrategy[Condition] = (
    st.builds(Compared, texts.filter(bool), operators, texts)
    | st.builds(Said, texts)
    | st.builds(lambda name: Present(f"metric.{name}"), texts.filter(bool))
    | st.from_regex(r"--?[a-z][a-z_.-]*", fullmatch=True).map(Present)
)


@stable
@given(st.recursive(leaves, built, max_leaves=8))
def test_a_condition_is_read_as_it_was_written(condition: Condition) -> None:
    assert parse(written(condition)) == condition


@pytest.mark.parametrize(
    "piece",
    ["a", "a ", "a'", "a' and ", "a.'b", '"', "(", ")", "a=1 and ", "a=x ", "not ", "\\'", "metric.'", "tag:", "<"],
)
def test_parsing_takes_time_in_proportion_to_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * size)[:size]
        begun = time.process_time()
        with accepted_or_refused(UsageError, ""):
            parse(text)
        return time.process_time() - begun

    assert seconds(200_000) < 2 + 30 * seconds(20_000)


def test_a_pattern_of_more_than_200_characters_is_a_part_of_the_text() -> None:
    for stars, expected in ((199, True), (200, False)):
        assert text_test("~", "a" + "*" * stars)("abc") is expected
