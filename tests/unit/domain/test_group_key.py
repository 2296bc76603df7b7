"""The key of a group: what makes two groups the same execution."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from qanat.domain.data import COMMAND, GIT, HASH, STAT, DataState
from qanat.domain.group_key import INPUTS_MAX, PARTS, SharedKey, data_part, digest, inputs_of, key_of, parts_of, total

COUNTED = DataState("rain", STAT, files=2, bytes=553, newest="2026-11-29T17:01:30+00:00")
SHARED = SharedKey(code="a" * 32, command="b" * 32, data="c" * 32)
INPUT = DataState("a.bin", HASH, files=1, bytes=4, id="sha256:12", is_input=True)


def test_a_digest_can_be_made_without_qanat() -> None:
    assert digest("arguments", "--lr", "0.1") == hashlib.sha256(b'["arguments","--lr","0.1"]').hexdigest()[:32]
    assert digest("ü") == hashlib.sha256(b'["\\u00fc"]').hexdigest()[:32]


def test_the_parts_have_the_order_of_a_record() -> None:
    shared = replace(SHARED, container="d" * 32, environment="e" * 32)
    assert tuple(parts_of(shared, ["--lr", "1"], {})) == PARTS
    assert tuple(shared.as_mapping()) == ("code", "command", "data", "container", "environment")


@pytest.mark.parametrize("part", ["code", "command", "data", "container", "environment"])
def test_each_part_makes_another_key(part: str) -> None:
    assert key_of(replace(SHARED, **{part: "f" * 32}), [], {}) not in (key_of(SHARED, [], {}), None)


def test_two_parts_cannot_change_places() -> None:
    assert key_of(replace(SHARED, container="d" * 32), [], {}) != key_of(replace(SHARED, environment="d" * 32), [], {})


@pytest.mark.parametrize("args", [["--lr", "3e-1"], ["--lr=0.3"], ["0.3", "--lr"], ["--lr", "0.3", ""]])
def test_arguments_are_taken_as_they_are_passed(args: list[str]) -> None:
    assert key_of(SHARED, args, {}) != key_of(SHARED, ["--lr", "0.3"], {})


@pytest.mark.parametrize("part", ["code", "command", "data"])
def test_there_is_no_key_without_code_command_and_data(part: str) -> None:
    unknown = replace(SHARED, **{part: None})
    assert key_of(unknown, [], {}) is None
    assert part not in parts_of(unknown, [], {})
    assert total({}) is None


def test_data_are_the_same_wherever_they_lie_and_whatever_their_names() -> None:
    assert data_part({"rain": "rain"}, [COUNTED]) == data_part({"wet": "/mnt/rain"}, [replace(COUNTED, name="wet")])


@pytest.mark.parametrize(
    "other",
    [
        replace(COUNTED, files=3),
        replace(COUNTED, bytes=1),
        replace(COUNTED, links=1),
        replace(COUNTED, newest="2026-11-29T17:01:31+00:00"),
        replace(COUNTED, track=HASH, id="sha256:12", newest=None),
        replace(COUNTED, track=COMMAND, id="sha256:12", newest=None),
    ],
)
def test_other_data_make_another_part(other: DataState) -> None:
    assert data_part({"rain": "rain"}, [other]) not in (data_part({"rain": "rain"}, [COUNTED]), None)


def test_what_a_command_prints_is_not_a_hash() -> None:
    hashed, printed = replace(COUNTED, track=HASH, id="sha256:12"), replace(COUNTED, track=COMMAND, id="sha256:12")
    assert data_part({"rain": "rain"}, [hashed]) != data_part({"rain": "rain"}, [printed])


@pytest.mark.parametrize(
    "unknown",
    [
        replace(COUNTED, problem="permission denied"),
        DataState("rain", GIT, files=2, bytes=5, id="commit:12", changed=True),
        replace(COUNTED, newest=None),
        DataState("rain", COMMAND),
    ],
)
def test_data_that_are_not_known_make_no_part(unknown: DataState) -> None:
    assert data_part({"rain": "rain"}, [unknown]) is None


def test_an_empty_folder_is_known() -> None:
    empty = DataState("rain", STAT, files=0, bytes=0)
    assert data_part({"rain": "rain"}, [empty]) not in (data_part({"rain": "rain"}, [COUNTED]), None)


def test_of_data_that_are_not_looked_at_the_path_counts() -> None:
    assert data_part({"web": "s3://a"}, []) == data_part({"other": "s3://a"}, [])
    assert data_part({"web": "s3://a"}, []) != data_part({"web": "s3://b"}, [])


def test_the_order_of_datasets_counts() -> None:
    assert data_part({"a": "x", "b": "y"}, []) != data_part({"b": "y", "a": "x"}, [])


def test_a_parameters_file_counts() -> None:
    assert data_part({}, [], "12") != data_part({}, [])


def test_an_input_counts_for_the_groups_whose_arguments_name_it() -> None:
    other = replace(INPUT, id="sha256:13")
    for args in (["a.bin"], ["--data=./a.bin"]):
        assert key_of(SHARED, args, inputs_of([INPUT])) not in (
            key_of(SHARED, args, inputs_of([other])),
            key_of(SHARED, args, {}),
        )
    assert (
        key_of(SHARED, ["b.bin"], inputs_of([INPUT]))
        == key_of(SHARED, ["b.bin"], inputs_of([other]))
        == key_of(SHARED, ["b.bin"], {})
    )


def test_an_absolute_input_counts() -> None:
    outside = replace(INPUT, name="/data/a.bin")
    assert key_of(SHARED, ["/data/a.bin"], inputs_of([outside])) != key_of(SHARED, ["/data/a.bin"], {})


def test_an_input_that_cannot_be_read_leaves_no_key() -> None:
    assert key_of(SHARED, ["a.bin"], inputs_of([replace(INPUT, id="", problem="permission denied")])) is None


def test_of_too_many_inputs_nothing_is_known() -> None:
    inputs = [replace(INPUT, name=f"{number}.bin") for number in range(INPUTS_MAX)]
    assert key_of(SHARED, ["x"], inputs_of(inputs[1:])) is not None
    assert key_of(SHARED, ["x"], inputs_of(inputs)) is None
