"""Records that contradict themselves, and files that are no records: nothing is made up about them."""

from __future__ import annotations

import pytest

from qanat.errors import InputInvalid
from qanat.records import run_codec, schemas, yaml_io
from tests.unit.records.example import RUN

SOURCE = ".qanat/runs/iris/0/4-7f3a9c.yaml"
TEXT = run_codec.encode(RUN).decode()


def problem(text: str) -> str:
    """Return what is wrong with a record."""
    with pytest.raises(InputInvalid) as error:
        run_codec.decode(text.encode(), SOURCE)
    return error.value.message.removeprefix(SOURCE)


def test_the_state_of_a_run_is_that_of_its_groups_or_the_record_is_invalid() -> None:
    state = RUN.state.value
    assert f"\nstate: {state}\n" in TEXT
    for other, said in (
        ("finshed", ": state: 'finshed' is not a state"),
        ("held", f": state: 'held' does not match the groups, whose states give {state!r}"),
    ):
        assert problem(TEXT.replace(f"\nstate: {state}\n", f"\nstate: {other}\n")) == said


@pytest.mark.parametrize("key", ["started", "ended"])
def test_the_times_of_a_run_are_those_of_its_groups_or_the_record_is_invalid(key: str) -> None:
    lines = [f"{key}: 2001-01-01T00:00:00+00:00" if line.startswith(f"{key}:") else line for line in TEXT.split("\n")]
    assert problem("\n".join(lines)).startswith(
        f": {key}: '2001-01-01T00:00:00+00:00' does not match the groups, whose"
    )


@pytest.mark.parametrize(
    "time", ["2026-11-23T05:17:55+02:00", "20261123T051755+00:00", "2026-11-23", "2026-13-23T05:17:55+00:00"]
)
def test_a_time_that_is_not_in_utc_could_not_be_compared(time: str) -> None:
    text = TEXT.replace(f"created: {RUN.created}", f"created: '{time}'")
    assert problem(text) == f": created: {time!r} is not a timestamp such as 2026-11-23T05:17:55+00:00"


def test_groups_are_numbered_in_order() -> None:
    assert problem(TEXT.replace("{group: 0,", "{group: 1,", 1)) == ": groups: are not numbered 0, 1, 2, …"


def test_an_intent_that_cannot_be_one_is_refused() -> None:
    text = TEXT.replace(RUN.submission.intent, "0 0 '' || true")
    assert text != TEXT
    with pytest.raises(InputInvalid):
        run_codec.decode(text.encode(), SOURCE)


def test_an_empty_file_is_called_empty() -> None:
    assert problem("") == problem("# nothing here\n") == ": the file is empty"
    assert [p.problem for p in schemas.problems(None, "experiment")] == ["the file is empty"]


def test_the_marks_of_a_merge_are_named() -> None:
    lines = TEXT.splitlines(keepends=True)
    text = "".join([*lines[:3], "<<<<<<< HEAD\n", lines[3], "=======\n", lines[3], ">>>>>>> other\n", *lines[4:]])
    with pytest.raises(yaml_io.YamlInvalid) as error:
        run_codec.decode(text.encode(), SOURCE)
    assert error.value.message == f"{SOURCE}:4: has the marks of a merge conflict"
    assert error.value.hint == "resolve the conflict in the file, then: git add"
