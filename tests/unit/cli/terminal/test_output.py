"""What is printed: nothing that moves the cursor, whatever a record contains."""

from __future__ import annotations

import json
import unicodedata
from contextlib import redirect_stdout
from io import StringIO

import pytest
from hypothesis import given

from qanat.cli.terminal.output import brief, clean, plural, say, say_json, say_json_list, tell
from qanat.domain.sizes import size
from tests.support.strategies import json_values, stable, texts

ESCAPE = "\x1b]0;title\x07\x1b[31mred\x9b2J"
TURNED = "\u202eabc\u202c\u2066\u2069\u200f"


@stable
@given(texts)
def test_no_text_keeps_a_control_character(text: str) -> None:
    assert all(unicodedata.category(char) != "Cc" for char in clean(text))
    kept = clean(text, keep_lines=True)
    assert all(unicodedata.category(char) != "Cc" or char in "\n\t" for char in kept)
    assert kept.count("\n") == text.count("\n")


@stable
@given(texts)
def test_printable_text_is_left_as_it_is(text: str) -> None:
    # Variation selectors and fillers count as printable, and show nothing.
    printable = "".join(char for char in text if char.isprintable() and clean(char) == char)
    assert clean(printable) == printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ESCAPE, r"\x1b]0;title\x07\x1b[31mred\x9b2J"),
        (TURNED, r"\u202eabc\u202c\u2066\u2069\u200f"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x7f\x00", r"\x7f\x00"),
        ("[bold]größe 🏁", "[bold]größe 🏁"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_lines_may_be_kept() -> None:
    assert clean("a\n\tb\r\x1b", keep_lines=True) == "a\n\tb\\r\\x1b"


def test_output_goes_to_stdout_and_remarks_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"out {ESCAPE}")
    say()
    tell(f"err {ESCAPE}")
    out, err = capsys.readouterr()
    assert out == f"out {clean(ESCAPE)}\n\n"
    assert err == f"err {clean(ESCAPE)}\n"


@stable
@given(json_values(), json_values())
def test_any_values_are_printed_as_json_that_reads_back_and_moves_no_cursor(first: object, second: object) -> None:
    texts = [json.dumps(value, ensure_ascii=False) for value in (first, second)]
    with redirect_stdout(StringIO()) as one:
        say_json([first, second])
    with redirect_stdout(StringIO()) as two:
        say_json_list(texts)
    for printed in (one.getvalue(), two.getvalue()):
        assert repr(json.loads(printed)) == repr([first, second])
        assert clean(printed, keep_lines=True) == printed


def test_a_list_of_json_texts_is_printed_with_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    say_json_list([json.dumps({"a": "\x9b\u202e\x7f"}, ensure_ascii=False), "5"])
    assert capsys.readouterr().out == '[{"a": "\\u009b\\u202e\\u007f"},\n5]\n'
    say_json_list([])
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (3_412_000, "3.4 MB"),
        (10**9, "1.0 GB"),
        (10**12, "1.0 TB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_bytes_are_written_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_things_are_counted_in_plain_english() -> None:
    assert [plural(count, "run") for count in (0, 1, 2, 1234)] == ["0 runs", "1 run", "2 runs", "1,234 runs"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  - a: ", "  - a: "),
        ("  a:  b", "  a:  b"),
        ("  two\n lines\n", "  two lines"),
        ("\x1b[1m", r"\x1b[1m"),
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 19 + "…"),
        ("\x1b" * 20, r"\x1b\x1b\x1b\x1b\x1"[:19] + "…"),
        ("a\n" + "x" * 10**6, "a " + "x" * 17 + "…"),
    ],
)
def test_a_text_is_one_line_of_limited_length(text: str, line: str) -> None:
    assert brief(text, 20) == line


def test_messages_and_lines_are_cut_in_their_middle(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{'x' * 10**6} is wrong\nnext")
    tell(f"{'y' * 10**6} is wrong")
    out, err = capsys.readouterr()
    assert len(out) < 5_000
    assert len(err) < 1_100
    assert out.endswith("x is wrong\nnext\n")
    assert err.endswith("y is wrong\n")
    assert " … 996,009 characters … " in out
