"""Series: points from JSON lines and CSV, and what is left out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.alike_lines import NAMES_MAX, columns
from qanat.domain.csv_lines import CsvLines
from qanat.domain.curves import Curve, collected
from qanat.domain.json_lines import JsonLines
from qanat.domain.metrics import LONG_NAMES, METRICS_MAX, NAME_MAX
from qanat.domain.series import Parser, Points


def points_of(parser: Parser, text: str) -> dict[str, tuple[list[float], list[float]]]:
    return {name: ([*steps], [*values]) for name, steps, values in parser.parse(text.encode())}


def test_each_name_gets_its_values_with_their_steps() -> None:
    parser = JsonLines()
    text = '{"step": 10, "loss": 0.5, "acc": 1}\n{"step": 20, "loss": 0.25, "acc": 2}\n'
    assert points_of(parser, text) == {"loss": ([10, 20], [0.5, 0.25]), "acc": ([10, 20], [1, 2])}
    assert parser.left_out() == []


def test_without_a_step_the_number_of_the_line_counts() -> None:
    parser = JsonLines()
    assert points_of(parser, '{"loss": 3}\n{"loss": 2}\n') == {"loss": ([1, 2], [3, 2])}
    assert points_of(parser, '\n{"loss": 1}\n') == {"loss": ([4], [1])}
    assert points_of(CsvLines(), "loss\n3\n2\n") == {"loss": ([1, 2], [3, 2])}


def test_lines_may_have_different_names_and_nested_ones() -> None:
    text = (
        '{"step": 1, "train": {"loss": 2, "by": {"a": 3}}}\n{"step": 1, "val": 5}\n{"step": 2, "train": {"loss": 1}}\n'
    )
    expected = {"train.loss": ([1, 2], [2, 1]), "train.by.a": ([1], [3]), "val": ([1], [5])}
    assert points_of(JsonLines(), text) == expected


def test_lines_of_two_kinds_may_alternate() -> None:
    text = '{"step": 1, "a": 1}\n{"step": 1, "b": 2}\n{"step": 2, "a": 3}\n'
    assert points_of(JsonLines(), text) == {"a": ([1, 2], [1, 3]), "b": ([1], [2])}
    assert points_of(JsonLines(), text.replace("b", 'a": 9, "b')) == {"a": ([1, 1, 2], [1, 9, 3]), "b": ([1], [2])}
    assert points_of(JsonLines(), text.replace('"step": 2, ', "")) == {"a": ([1, 3], [1, 3]), "b": ([1], [2])}
    assert points_of(JsonLines(), text.replace("2}", '"x"}')) == {"a": ([1, 2], [1, 3])}


@pytest.mark.parametrize("infinity", ["Infinity", '"Infinity"'])
@pytest.mark.parametrize("nan", ["NaN", '"NaN"'])
def test_numbers_that_are_not_finite_are_read_as_json_writes_them_and_as_texts(infinity: str, nan: str) -> None:
    found = points_of(JsonLines(), f'{{"a": {infinity}, "b": {nan}}}\n')
    assert found["a"] == ([1], [math.inf])
    assert math.isnan(found["b"][1][0])


def test_a_whole_number_that_is_no_float_is_infinite() -> None:
    assert points_of(JsonLines(), f'{{"a": -{10**400}}}\n') == {"a": ([1], [-math.inf])}


def test_broken_lines_are_counted_with_the_number_of_the_first() -> None:
    parser = JsonLines()
    parser.parse(b'{"a": 1}\n')
    found = points_of(
        parser, '{"a": 2}\n{"a": \n[1]\n"b": 3}\n{"step": "x", "a": 4}\n{"step": NaN, "a": 5}\n{"a": 6}\n'
    )
    assert found == {"a": ([2, 8], [2, 6])}
    assert parser.left_out() == ["5 lines are broken, and were left out; the first is line 3"]


def test_lines_that_are_broken_never_make_up_a_whole_one() -> None:
    for first, second in [('{"a": 1', '"b": 2}'), ('{"a": [1}', "{2]}"), ('{"a": "}', '{"}'), ("{[[}", "{]]}")]:
        parser = JsonLines()
        assert parser.parse(f"{first}\n{second}\n".encode()) == []
        assert parser.left_out() == ["2 lines are broken, and were left out; the first is line 1"]


@pytest.mark.parametrize("name", ["k" * (NAME_MAX + 1), "k" * 500_000], ids=["long", "huge"])
def test_long_names_are_left_out_before_they_are_joined_with_others(name: str) -> None:
    inner = {f"{i:x}": 1 for i in range(40_000)}  # 20 GB of names, if each is joined with the longer one
    for content in ({name: inner, "a": 2}, {"k": {name: inner}, "a": 2}, {name: 1, "a": 2}):
        parser = JsonLines()
        assert points_of(parser, json.dumps(content) + "\n") == {"a": ([1], [2])}
        assert parser.left_out() == [LONG_NAMES]


def test_a_name_has_as_many_characters_as_a_record_takes() -> None:
    parser, name = JsonLines(), "k" * (NAME_MAX - 2)
    assert points_of(parser, f'{{"{name}": {{"a": 1, "ab": 2}}}}\n') == {f"{name}.a": ([1], [1])}
    assert parser.left_out() == [LONG_NAMES]


def test_a_long_name_in_the_header_of_csv_is_left_out() -> None:
    for keys in [(), ("a",)]:
        parser = CsvLines(keys)
        assert points_of(parser, f"a,{'k' * (NAME_MAX + 1)}\n2,3\n") == {"a": ([1], [2])}
        assert parser.names() == ["a"]
        assert parser.left_out() == [LONG_NAMES]


def test_bytes_that_are_not_text_break_their_line_only() -> None:
    parser = JsonLines()
    assert points_of(parser, '{"a": 1}\n') | points_of(parser, '{"a": 2}\n') == {"a": ([2], [2])}
    assert parser.parse(b'{"\xff": 1}\n') == []
    assert parser.left_out() == ["line 3 is broken, and was left out"]


def test_deeply_nested_lines_are_broken_or_read() -> None:
    parser = JsonLines()
    assert parser.parse(b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n") == []
    assert parser.left_out() == ["line 1 is broken, and was left out"]
    (points,) = JsonLines().parse(b'{"a":' * 500 + b"1" + b"}" * 500 + b"\n")
    assert points.name == ".".join("a" * 500)


def test_what_is_no_number_is_named_and_null_is_no_value() -> None:
    parser = JsonLines()
    assert points_of(parser, '{"a": true, "b": [1], "c": "x", "d": null, "e": 1}\n') == {"e": ([1], [1])}
    assert parser.left_out() == ["'a', 'b', 'c' are not numbers, and were left out"]


def test_names_are_limited_and_without_tokens() -> None:
    parser = JsonLines()
    token = "ghp_" + "0123456789abcdefghijABCDEFGHIJklmnop"
    assert [points.name for points in parser.parse(json.dumps({token: 1}).encode() + b"\n")] == ["[redacted]"]
    found = parser.parse(json.dumps({f"n{i}": i for i in range(METRICS_MAX)}).encode() + b"\n")
    assert len(found) == METRICS_MAX - 1
    assert parser.left_out() == ["has more than 1,000 names, and the others were left out"]


def test_a_name_that_no_file_can_hold_is_left_out() -> None:
    parser = JsonLines()
    assert points_of(parser, '{"a\\u0000": 1, "\\ud800": 2, "b": 3}\n') == {"b": ([1], [3])}
    assert points_of(parser, '{"b": "x"}\n') == {}
    assert parser.left_out() == [
        "'b' is not a number, and was left out",
        "'a\\x00', '\\ud800' are names that no record can hold, and were left out",
    ]


@pytest.mark.parametrize("parser", [JsonLines(["b"]), CsvLines(["b"])], ids=["json", "csv"])
def test_with_keys_only_these_are_read(parser: Parser) -> None:
    text = "a,b\nx,2\n" if isinstance(parser, CsvLines) else '{"a": "x", "b": 2}\n'
    assert points_of(parser, text) == {"b": ([1], [2])}
    assert parser.left_out() == []


# ---- CSV


def test_csv_has_names_in_its_first_line_and_empty_cells() -> None:
    parser = CsvLines()
    text = '\ufeffepoch,step,"train loss",acc\r\n0,10,0.5,\r\n0,20,,0.9\r\n\r\n1,30,nan,inf\r\n'
    found = points_of(parser, text)
    assert found["epoch"] == ([10, 20, 30], [0, 0, 1])
    assert found["acc"] == ([20, 30], [0.9, math.inf])
    assert found["train loss"][0] == [10, 30]
    assert parser.left_out() == []


def test_csv_lines_with_other_numbers_of_cells_or_without_a_step_are_broken() -> None:
    parser = CsvLines()
    found = points_of(parser, 'step,a\n1,2\n2\n3,4,5\n"4,5\nx,6\n,7\ninf,8\n9,9\n')
    assert found == {"a": ([1, 9], [2, 9])}
    assert parser.left_out() == ["6 lines are broken, and were left out; the first is line 3"]


def test_csv_texts_are_named() -> None:
    parser = CsvLines()
    assert points_of(parser, "phase,a\ntrain,1\ntest,2\n") == {"a": ([1, 2], [1, 2])}
    assert parser.left_out() == ["'phase' is not a number, and was left out"]


# ---- the end of a file


def test_a_last_line_without_a_line_break_is_read_if_it_is_whole_json() -> None:
    parser = JsonLines()
    assert parser.parse_end(b'{"a": 1}') == [Points("a", [1], [1])]
    assert parser.left_out() == []
    assert parser.parse_end(b'{"a": 1') == []
    assert parser.left_out() == ["the last line is incomplete, and was left out"]


def test_a_last_line_of_csv_may_be_cut_inside_a_number() -> None:
    parser = CsvLines()
    assert points_of(parser, "a\n0.25\n") == {"a": ([1], [0.25])}
    assert parser.parse_end(b"0.2") == []
    assert parser.left_out() == ["the last line is incomplete, and was left out"]


numbers = st.floats(width=32) | st.integers(-(10**6), 10**6)
values = numbers | st.none() | st.booleans() | st.dictionaries(st.sampled_from("bc"), numbers, max_size=2)
lines = st.lists(st.dictionaries(st.sampled_from(["step", "a", "b", "a.b"]), values))


@given(lines, st.integers(1, 5))
def test_lines_give_the_same_curves_in_any_pieces(rows: list[dict[str, Any]], size: int) -> None:
    texts = [f"{json.dumps(row)}\n".encode() for row in rows]
    whole, pieces = JsonLines(), JsonLines()
    parts = [b"".join(texts[i : i + size]) for i in range(0, len(texts), size)]
    found = collected([whole.parse(b" " + b"".join(texts))] if texts else [])  # the space keeps it from the fast way
    assert repr(as_lists(found)) == repr(as_lists(collected(map(pieces.parse, parts))))
    assert whole.left_out() == pieces.left_out()


# Also what is no number in JSON, and what does not belong beside one, such as a mark of the way that reads all at once.
odd = [
    "NaN",
    "-Infinity",
    "1e999",
    "-0",
    str(10**400),
    "1e5",
    "01",
    "+1",
    ".5",
    "1.",
    "1_0",
    "nan",
    "",
    "-",
    "null",
    "[1]",
]
beside = st.sampled_from(["", " ", "\x01", "\x02", ', "b": 3', ', "1": 2', "}", '"', "e", "1 "])
texts = numbers.map(str) | numbers.map(str) | st.sampled_from(odd) | st.tuples(numbers.map(str), beside).map("".join)
tables = st.integers(1, 6).flatmap(lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=1))


@given(tables, st.sampled_from(["step", "a", "\u00e9", "1", "a.b", "\\n", "\x01"]))
def test_lines_of_one_form_are_read_at_once_as_they_are_one_by_one(rows: list[list[str]], first: str) -> None:
    names = [first, *map(str, range(1, 6))]
    cells = ([f'"{name}": {text}' for name, text in zip(names, row, strict=False)] for row in rows)
    text = "".join(f"{{{', '.join(line)}}}\n" for line in cells).encode()
    at_once, one_by_one = JsonLines(), JsonLines()
    found = as_lists(collected([at_once.parse(text)]))
    assert repr(found) == repr(as_lists(collected([one_by_one.parse(b" " + text)])))
    assert at_once.left_out() == one_by_one.left_out()


def test_no_character_stands_for_the_text_between_two_numbers() -> None:
    parser = JsonLines()
    assert points_of(parser, '{"a": 1, "b": 2}\n{"a": 3\x024}\n\x015, "b": 6}\n') == {"a": ([1], [1]), "b": ([1], [2])}
    assert parser.left_out() == ["2 lines are broken, and were left out; the first is line 2"]


@pytest.mark.parametrize("width", [1, NAMES_MAX])
def test_lines_that_differ_only_in_their_numbers_are_read_without_mappings(width: int) -> None:
    lines = [{f"n{place}": step / 2 for place in range(width)} for step in range(3)]
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    assert columns(text, 3) == {f"n{place}": [0, 0.5, 1] for place in range(width)}
    assert columns(text.replace(b"0.5", b"NaN"), 3).keys() == columns(text, 3).keys()
    assert columns(text.replace(b'"n0": 0.5', b'"m0": 0.5'), 3) == {}


def as_lists(curves: dict[str, Curve]) -> list[tuple[str, list[float], list[float]]]:
    return [(name, [*curves[name].steps], [*curves[name].values]) for name in sorted(curves)]
