"""YAML documents in both directions: every reader reads what qanat writes, and qanat reads nothing but data."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from qanat.errors import EXIT_USAGE, InputInvalid
from qanat.records import yaml_io
from qanat.records.yaml_io import YamlInvalid, dump, load
from tests.support.strategies import accepted_or_refused, json_values, mappings, stable, texts

flows = st.sets(st.sampled_from(["a", "b"])).map(frozenset)


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal with all their types, and mappings in their order."""
    return repr(left) == repr(right)


def refusal(data: bytes) -> YamlInvalid:
    """Return the error with which bytes are refused."""
    with pytest.raises(YamlInvalid) as caught:
        load(data, "a.yaml")
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value


# ---- round trip


@stable
@given(mappings())
@example({})
@example({"a": "line\n   \nline\n   "})
@example({"a": "x\n\n"})
@example({"a": {"b": {"c": "x\ny\n"}}})
@example({"a": [{"b": "x\ny", "c": [{"d": 1}]}, [], {}, [[1, [2]], {"e": []}]]})
@example({"": None, "null": "null", "yes": "y", "1": "1", "a: b": "# c", "? a": "- b"})
@example({"k" * 1500: {"a": [1]}, "a": {"\n" * 600: 1}, "b": [{"k" * 1024: "x\ny"}]})
@example({"a": 1e16, "b": -0.0, "c": 5e-324, "d": 10**300})
def test_a_mapping_reads_back_as_it_was_with_any_yaml_reader(content: dict[str, Any]) -> None:
    data = dump(content)
    assert same(load(data, "a.yaml"), content)
    assert same(yaml.safe_load(data), content)
    assert same(yaml.load(data, yaml.CSafeLoader), content)


@stable
@given(st.fixed_dictionaries({"a": json_values(), "b": st.lists(st.dictionaries(texts, json_values(4)))}), flows)
def test_rows_and_flow_values_read_back_as_they_were(content: dict[str, Any], flow: frozenset[str]) -> None:
    data = dump(content, flow=flow)
    assert same(load(data, "a.yaml"), content)
    assert same(yaml.safe_load(data), content)


@stable
@given(mappings())
def test_writing_is_deterministic_and_ends_in_one_newline(content: dict[str, Any]) -> None:
    data = dump(content)
    assert dump(load(data, "a.yaml")) == data
    assert data.endswith(b"\n")
    assert b"\r" not in data


def test_not_a_number_reads_back() -> None:
    assert math.isnan(load(dump({"a": math.nan}), "a.yaml")["a"])


def test_a_plain_timestamp_is_text_to_qanat_and_a_time_to_yaml_1_1() -> None:
    moment = "2026-11-23T05:17:55+00:00"
    data = dump({"created": moment})
    assert data == b"created: 2026-11-23T05:17:55+00:00\n"
    assert load(data, "a.yaml") == {"created": moment}
    assert yaml.safe_load(data)["created"].isoformat() == moment


def test_tuples_are_written_as_lists() -> None:
    assert dump({"a": ("x", ("z",)), "b": ()}) == b"a: [x, [z]]\nb: []\n"


# ---- how it looks


def test_a_document_is_one_key_per_line_with_two_spaces() -> None:
    content = {
        "name": "iris",
        "tags": ["a", "b"],
        "actions": {"plot": {"executable": "plot.py", "description": "Plot\nit\n"}},
        "metrics": [{"file": "m.json", "keys": ["acc"]}, {"file": "n.json"}],
        "empty": {},
        "none": None,
    }
    assert dump(content).decode() == (
        "name: iris\n"
        "tags: [a, b]\n"
        "actions:\n"
        "  plot:\n"
        "    executable: plot.py\n"
        "    description: |\n"
        "      Plot\n"
        "      it\n"
        "metrics:\n"
        "- file: m.json\n"
        "  keys: [acc]\n"
        "- file: n.json\n"
        "empty: {}\n"
        "none: null\n"
    )


def test_rows_have_one_line_each_however_long() -> None:
    rows = [{"group": 0, "args": ["x" * 150]}, {"group": 1, "args": []}]
    text = dump({"groups": rows}, flow=frozenset({"groups"})).decode()
    assert text == f"groups:\n- {{group: 0, args: [{'x' * 150}]}}\n- {{group: 1, args: []}}\n"


def test_a_list_that_does_not_fit_on_a_line_gets_one_line_per_item() -> None:
    assert dump({"tags": ["x" * 60, "y" * 60]}).decode() == f"tags:\n- {'x' * 60}\n- {'y' * 60}\n"


def test_changing_one_value_changes_one_line() -> None:
    before, after = ({"a": 1, "b": {"c": "x", "d": value}, "e": [1, 2]} for value in ("old", "new"))
    lines = zip(dump(before).splitlines(), dump(after).splitlines(), strict=True)
    assert [(a, b) for a, b in lines if a != b] == [(b"  d: old", b"  d: new")]


def test_a_null_character_is_never_written_since_nothing_reads_it() -> None:
    with pytest.raises(InputInvalid) as caught:
        dump({"a": 1, "b": [{"c": "x\0y"}]})
    assert caught.value.message == "'a: 1\\nb:\\n- c: \"x\\x00y\"' contains a null character"


@pytest.mark.parametrize("content", [{"a": "\udcff"}, {"\ud800": 1}, {"a": ["x\n\udfff"]}, {"a": "\x1b\udc00"}])
def test_text_that_is_not_unicode_is_refused_with_the_text(content: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid) as caught:
        dump(content)
    assert "cannot be represented in YAML" in caught.value.message
    assert "\\ud" in caught.value.message
    assert caught.value.hint == "use UTF-8 only"


# ---- what is read


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"", None),
        (b"# only a comment\n", None),
        (b"--- \na: 1\n...\n", {"a": 1}),
        (b"\xef\xbb\xbfa: 1\n", {"a": 1}),
        (b"a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        (b"a:\n  - 1\n  - b: 2\n", {"a": [1, {"b": 2}]}),
        (b"1: a\ntrue: b\nnull: c\n", {"1": "a", "true": "b", "null": "c"}),
        (b"a: '5'\nb: \"5\"\nc: |\n  5\n", {"a": "5", "b": "5", "c": "5\n"}),
        (b"a: yes\nb: 10:30\nc: 2026-11-23\n", {"a": "yes", "b": "10:30", "c": "2026-11-23"}),
        (b"5", 5),
        (b"- a\n-\n", ["a", None]),
    ],
)
def test_plain_yaml_is_read(data: bytes, content: Any) -> None:
    assert same(load(data, "a.yaml"), content)


def test_as_text_scalars_stay_as_they_were_written() -> None:
    data = b"a: 1e-4\nb: '007'\nc: 5.0\nd: yes\ne:\nf: ''\ng: [0.10, ~]\n"
    expected = {"a": "1e-4", "b": "007", "c": "5.0", "d": "yes", "e": None, "f": "", "g": ["0.10", None]}
    assert load(data, "a.yaml", text=True) == expected


def test_the_line_of_every_key_and_item_is_known() -> None:
    lines: dict[yaml_io.Path, int] = {}
    load(b"a: 1\n\nb:\n  c:\n  - x\n  - y: 2\n    z: 3\n", "a.yaml", lines=lines)
    assert lines == {
        ("a",): 1,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", 0): 5,
        ("b", "c", 1): 6,
        ("b", "c", 1, "y"): 6,
        ("b", "c", 1, "z"): 7,
    }


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"a: 1\nb: 2\na: 3\n", "a.yaml:3: duplicate key 'a'", "keep one of the two"),
        (b"a: 1\n'a': 3\n", "a.yaml:2: duplicate key 'a'", "keep one of the two"),
        (b'a: 1\n"\\x61": 3\n', "a.yaml:2: duplicate key 'a'", "keep one of the two"),
        (b"b:\n- {x: 1, x: 2}\n", "a.yaml:2: duplicate key 'x'", "keep one of the two"),
        (b"a: &x 1\nb: *x\n", "a.yaml:1: uses an anchor (&name)", "write out the value where it is used"),
        (b"b: *x\n", "a.yaml:1: uses an alias (*name)", "write out the value"),
        (b'a: 1\nb: "x\\0y"\n', "a.yaml:2: contains a null character", "remove it"),
        (b'"a\\x00": 1\n', "a.yaml:1: contains a null character", "remove it"),
        (b'a: ["\\U00000000"]\n', "a.yaml:1: contains a null character", "remove it"),
        (b"<<: {a: 1}\nb: !!str 5\n", "a.yaml:2: uses the tag 'tag:yaml.org,2002:str'", "write a plain value"),
        (
            b"a: !!python/object/apply:os.system ['touch x']\n",
            "a.yaml:1: uses the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
            "write a plain value",
        ),
        (b"%TAG !x! y\n---\na: 1\n", "a.yaml:1: uses a %TAG directive", "remove it"),
        (b"a: 1\n...\n#\r%TAG !x! y\n---\n", "a.yaml:3: uses a %TAG directive", "remove it"),
        (b"\xef\xbb\xbf# a\xe2\x80\xa8%TAG ! y\n---\na: 1\n", "a.yaml:1: uses a %TAG directive", "remove it"),
        (b"a: 1\n---\nb: 2\n", "a.yaml:1: contains more than one document", "remove the --- lines"),
        (b"a: 1\n? [x]\n: 2\n", "a.yaml:2: a key is a single value, not a list or mapping", ""),
        (b"a: 1\nb: \xff\n", "a.yaml:2: is not UTF-8 text", "save the file as UTF-8"),
        (b"\xff\xfea\x00", "a.yaml:1: is not UTF-8 text", "save the file as UTF-8"),
        (b"a: [1, 2\nb: 3\n", "a.yaml:2: is not YAML: did not find expected ',' or ']'", ""),
        (b"a: 1\n  b: 2\n", "a.yaml:2: is not YAML: mapping values are not allowed in this context", ""),
        (b"a:\n\t- 1\n", "a.yaml:2: is not YAML: found character that cannot start any token", ""),
        (b"a: 'open\n", "a.yaml:2: is not YAML: found unexpected end of stream", ""),
        (b"a: \x00\n", "a.yaml:1: is not YAML: control characters are not allowed", ""),
        (b'a: "\\ud800"\n', "a.yaml:1: is not YAML: found invalid Unicode character escape code", ""),
        (b"[" * 100, "a.yaml:1: is nested deeper than 60 levels", ""),
        (b"{a: " * 100, "a.yaml:1: is nested deeper than 60 levels", ""),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_line(data: bytes, message: str, hint: str) -> None:
    error = refusal(data)
    assert (error.message, error.hint) == (message, hint)
    assert error.message == f"a.yaml:{error.line}: {error.problem}"


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert load(b"<<: {a: 1}\nb: 2\n", "a.yaml") == {"<<": {"a": 1}, "b": 2}


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_io, "BYTES_WITHOUT_GROUPS_MAX", 2**20)
    monkeypatch.setattr(yaml_io, "BYTES_PER_GROUP", 2**19)
    monkeypatch.setattr(yaml_io, "FILE_BYTES_MAX", 2**21)
    assert refusal(b"a: " + b"x" * 2**20).message == "a.yaml:1: the file is larger than 1 MiB"
    assert len(load(b"a:\n- {group: 0}\nb: " + b"x" * 2**20, "a.yaml")["b"]) == 2**20
    rows = b"- {group: 0}\n" * 100
    assert refusal(b"a:\n" + rows + b"b: " + b"x" * 2**21).message == "a.yaml:1: the file is larger than 2 MiB"
    assert len(load(b"b: " + b"x" * 2**20, "a.yaml", own=True)["b"]) == 2**20


# ---- anything at all

yaml_like = st.text(st.sampled_from("ab01:-,[]{}'\"\n \t|>#&*!?%@`\\~.<=\u2028\ufeff\x00é"), max_size=60).map(
    str.encode
)


@stable
@given(st.binary(max_size=300) | yaml_like)
def test_any_bytes_are_data_or_a_sentence_with_a_line(data: bytes) -> None:
    for text in (False, True):
        with accepted_or_refused(YamlInvalid, "a.yaml:"):
            load(data, "a.yaml", text=text, lines={})


@stable
@given(mappings(), st.data())
def test_a_valid_document_with_something_cut_out_or_put_in_is_data_or_a_sentence(
    content: dict[str, Any], data: st.DataObject
) -> None:
    whole = dump(content)
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    changed = whole[:begin] + data.draw(st.binary(max_size=5)) + whole[end:]
    with accepted_or_refused(YamlInvalid, "a.yaml:"):
        load(changed, "a.yaml")


def test_more_nodes_than_a_file_can_need_are_refused_unless_the_user_named_the_file() -> None:
    data = b"a: [" + b"1, " * yaml_io.NODES_MAX + b"1]\n"
    with pytest.raises(YamlInvalid, match="too many keys and values"):
        yaml_io.load(data, "a")
    assert len(yaml_io.load(data, "a", own=True)["a"]) == yaml_io.NODES_MAX + 1


def test_a_record_may_have_more_nodes_the_more_groups_it_has() -> None:
    row = "- {group: 0, args: [" + "x, " * 50 + "y]}\n"
    content = yaml_io.load(("groups:\n" + row * 5_000).encode(), "a")
    assert [len(content["groups"]), len(content["groups"][-1]["args"])] == [5_000, 51]


def test_a_mapping_of_more_keys_than_any_file_has_is_refused() -> None:
    data = "".join(f"k{i}: 1\n" for i in range(yaml_io.KEYS_MAX + 1)).encode()
    with pytest.raises(YamlInvalid, match="a:10001: has more than 10,000 keys in one mapping"):
        yaml_io.load(data, "a")


def test_more_rows_than_a_run_may_have_groups_are_refused_before_they_are_read() -> None:
    with pytest.raises(YamlInvalid, match="a:1: has more than the 100,000 groups that a run may have"):
        yaml_io.load(b"groups:" + b"\n- {group: 0}" * 100_001, "a")
