"""YAML scalars in both directions."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qanat.records import yaml_scalars
from tests.support.strategies import object_ids, scalars, stable, texts, timestamps


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("007", "007"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("\u0665", "\u0665"),
        ("10:30", "10:30"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23T05:17:55+00:00", "2026-11-23T05:17:55+00:00"),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e-4", 1e-4),
        ("1E+4", 1e4),
        ("1e", "1e"),
        (".", "."),
        ("-", "-"),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        ("1e99999", math.inf),
        ("5\n", "5\n"),
    ],
)
def test_a_plain_word_is_read_as_yaml_1_2_has_it(word: str, value: Any) -> None:
    found = yaml_scalars.resolve(word)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read_and_written() -> None:
    assert math.isnan(yaml_scalars.resolve(".NaN"))
    assert yaml_scalars.write(math.nan) == ".nan"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-17, "-17"),
        (1.0, "1.0"),
        (1e-05, "1.0e-05"),
        (1.5e16, "1.5e+16"),
        (math.inf, ".inf"),
        (-math.inf, "-.inf"),
        ("", "''"),
        ("iris", "iris"),
        ("summary statistics", "summary statistics"),
        ("data/iris.csv", "data/iris.csv"),
        ("./run.sh", "./run.sh"),
        ("/abs/path", "/abs/path"),
        ("--seed", "--seed"),
        ("-lr", "-lr"),
        ("größe", "größe"),
        ("two  spaces", "'two  spaces'"),
        (" lead", "' lead'"),
        ("trail ", "'trail '"),
        ("it's", "'it''s'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("10", "'10'"),
        ("-5", "'-5'"),
        ("1e5", "'1e5'"),
        ("yes", "'yes'"),
        ("No", "'No'"),
        ("null", "'null'"),
        ("~", "'~'"),
        ("-", "'-'"),
        ("---", "'---'"),
        ("<<", "'<<'"),
        ("=", "'='"),
        ("*x", "'*x'"),
        ("&x", "'&x'"),
        ("!x", "'!x'"),
        ("@x", "'@x'"),
        ("%x", "'%x'"),
        ("{a}", "'{a}'"),
        ("[a]", "'[a]'"),
        ("a,b", "'a,b'"),
        ("10:30", "'10:30'"),
        ("2026-11-23", "'2026-11-23'"),
        ("a\nb", '"a\\nb"'),
        ('a\t"b"\\', '"a\\t\\"b\\"\\\\"'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("\x85\u2028\ufeff", '"\\x85\\u2028\\ufeff"'),
        ("2026-11-23T05:17:55+00:00", "2026-11-23T05:17:55+00:00"),
        ("2026-11-23T05:17:55.123+00:00", "2026-11-23T05:17:55.123+00:00"),
        ("4-7f3a9c", "4-7f3a9c"),
        ("eac4a826bbbfc2700f4dd2f860acd802f62bd5b6", "eac4a826bbbfc2700f4dd2f860acd802f62bd5b6"),
        ("1" * 40, f"'{'1' * 40}'"),
        ("12345678e" + "9" * 31, f"'12345678e{'9' * 31}'"),
        ("0b" + "1" * 38, f"'0b{'1' * 38}'"),
    ],
)
def test_a_value_is_written_plain_only_where_nobody_can_mistake_it(value: Any, text: str) -> None:
    assert yaml_scalars.write(value) == text


@pytest.mark.parametrize("value", [b"bytes", {1}, object(), 1j])
def test_what_has_no_place_in_a_record_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=f"{type(value).__name__} cannot be written to a record"):
        yaml_scalars.write(value)


@stable
@given(scalars)
def test_a_written_scalar_reads_back_with_any_yaml_reader(value: Any) -> None:
    text = yaml_scalars.write(value)
    assert "\n" not in text
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        for read in (
            yaml.load(text, loader),
            yaml.load(f"[{text}]", loader)[0],
            yaml.load(f"{{k: {text}}}", loader)["k"],
        ):
            assert read == value
            assert type(read) is type(value)


@stable
@given(object_ids() | st.from_regex(r"[1-9][0-9]{0,6}-[0-9a-f]{6}", fullmatch=True))
def test_ids_read_back_as_text_with_any_yaml_reader(value: str) -> None:
    text = yaml_scalars.write(value)
    assert yaml_scalars.resolve(text.strip("'")) == value or text.startswith("'")
    assert yaml.safe_load(text) == value


@stable
@given(timestamps())
def test_moments_are_plain_and_read_back_as_text(moment: str) -> None:
    assert yaml_scalars.write(moment) == moment
    assert yaml_scalars.resolve(moment) == moment


@stable
@given(texts)
def test_a_plain_word_that_is_written_is_read_as_itself(text: str) -> None:
    written = yaml_scalars.write_string(text)
    if written[0] not in "'\"":
        assert written == text
        assert yaml_scalars.resolve(written) == text


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a", True),
        ("a\nb", True),
        ("a\n\n  b\n", True),
        (" a\nb", False),
        ("\na", False),
        ("a\tb", False),
        ("a\r\nb", False),
        ("", False),
    ],
)
def test_only_printable_lines_fit_a_literal_block(text: str, fits: bool) -> None:
    assert yaml_scalars.printable_lines(text) is fits
