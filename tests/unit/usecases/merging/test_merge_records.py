"""Merging the files of `.qanat/` for git: the content of the file called ours, and the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, Run, State
from qanat.records import run_codec
from qanat.usecases.merging.merge_records import merge
from tests.unit.records.example import RUN

GOING = replace(RUN, tags=(), groups=(Group(0, ("--a",)), Group(1, ("--b",))))
PATH = run_codec.path_of(RUN)
DEFINITION = ".qanat/experiments/train.yaml"


def ended(number: int, state: State = State.FINISHED) -> Run:
    """Return the run with one of its groups ended."""
    group = replace(GOING.groups[number], state=state, exit_code=0, ended="2026-11-23T05:18:01+00:00")
    return GOING.with_groups({number: group})


@dataclass
class Merge:
    """Three versions of a file, and their merge."""

    folder: Path

    def __call__(self, path: str, base: Run | str, ours: Run | str, theirs: Run | str, marker_size: int = 7) -> int:
        """Merge, as git's driver does."""
        for name, version in (("base", base), ("ours", ours), ("theirs", theirs)):
            data = run_codec.encode(version) if isinstance(version, Run) else version.encode()
            (self.folder / name).write_bytes(data)
        files = [self.folder / name for name in ("base", "ours", "theirs")]
        return merge(path, *files, marker_size=marker_size)

    @property
    def text(self) -> str:
        """The content of the file that git takes as the result."""
        return (self.folder / "ours").read_text()

    @property
    def run(self) -> Run:
        """The same, read as a record."""
        return run_codec.decode((self.folder / "ours").read_bytes(), PATH)


@pytest.fixture
def merged(tmp_path: Path) -> Merge:
    return Merge(tmp_path)


def test_what_two_sides_know_of_a_run_is_put_together(merged: Merge) -> None:
    assert merged(PATH, GOING, ended(0), ended(1)) == 0
    assert [group.state for group in merged.run.groups] == [State.FINISHED, State.FINISHED]
    one_way = merged.text
    assert merged(PATH, GOING, ended(1), ended(0)) == 0
    assert merged.text == one_way


def test_what_the_ancestor_had_tells_which_side_changed_something(merged: Merge) -> None:
    tagged = replace(GOING, tags=("a", "b"))
    assert merged(PATH, tagged, replace(GOING, tags=("a",)), replace(GOING, tags=("a", "b", "c"))) == 0
    assert merged.run.tags == ("a", "c")


@pytest.mark.parametrize("base", ["", "<<<<<<< ours\n", "schema: run/1\n"])
def test_without_a_common_ancestor_that_can_be_read_both_sides_count(merged: Merge, base: str) -> None:
    assert merged(PATH, base, replace(ended(0), tags=("a",)), replace(ended(1), tags=("b",))) == 0
    assert merged.run.tags == ("a", "b")
    assert merged.run.state is State.FINISHED


def test_an_ancestor_that_is_another_run_is_none(merged: Merge) -> None:
    other = replace(GOING, number=9, tags=("a",))
    assert merged(PATH, other, replace(GOING, tags=("a",)), replace(GOING, tags=("a", "b"))) == 0
    assert merged.run.tags == ("a", "b")


def test_of_a_file_that_git_takes_for_renamed_the_record_of_that_place_stays(merged: Merge) -> None:
    stranger = replace(ended(1), number=9)
    mine = ended(0)
    assert merged(PATH, GOING, mine, stranger) == 0
    assert merged.run == mine
    assert merged(PATH, GOING, stranger, mine) == 0
    assert merged.run == mine


def test_records_of_which_none_belongs_there_are_left_to_git(merged: Merge) -> None:
    assert merged(".qanat/runs/train/0/8-aaaaaa.yaml", GOING, ended(0), ended(1)) == 1
    assert "<<<<<<< ours\n" in merged.text


def test_runs_that_were_launched_differently_are_a_conflict(merged: Merge) -> None:
    assert merged(PATH, GOING, replace(GOING, author="Ada"), replace(GOING, author="Bob")) == 1
    assert "<<<<<<< ours\nauthor: Ada\n" in merged.text
    assert "=======\nauthor: Bob\n>>>>>>> theirs\n" in merged.text


def test_the_marks_of_a_conflict_are_as_long_as_git_asks(merged: Merge) -> None:
    assert merged(PATH, GOING, replace(GOING, author="Ada"), replace(GOING, author="Bob"), marker_size=9) == 1
    assert "<<<<<<<<< ours\n" in merged.text


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_record_with_more_in_it_than_qanat_reads_is_left_to_git(merged: Merge, side: str) -> None:
    noted = run_codec.encode(ended(0)).decode() + "by_hand: true\n"
    versions = (noted, run_codec.encode(GOING).decode())
    ours, theirs = versions if side == "ours" else versions[::-1]
    assert merged(PATH, GOING, ours, theirs) == 0
    assert merged.text == noted


def test_a_record_that_cannot_be_read_is_left_to_git(merged: Merge) -> None:
    assert merged(PATH, GOING, GOING, "half\n") == 0
    assert merged.text == "half\n"


def test_definitions_are_merged_key_by_key(merged: Merge) -> None:
    base = "schema: experiment/1\nname: train\nexecutable: a.sh\ntags: [a]\n"
    ours = base.replace("[a]", "[a, b]")
    theirs = base.replace("[a]", "[a, c]").replace("a.sh", "b.sh")
    assert merged(DEFINITION, base, ours, theirs) == 0
    assert merged.text == "schema: experiment/1\nname: train\nexecutable: b.sh\ntags: [a, b, c]\n"


def test_a_file_that_only_begins_like_the_folder_of_records_is_a_definition(merged: Merge) -> None:
    base = "a: 1\nb: 1\n"
    assert merged(".qanat/runs.yaml", base, "a: 2\nb: 1\n", "a: 1\nb: 2\n") == 0
    assert merged.text == "a: 2\nb: 2\n"


def test_definitions_that_contradict_each_other_are_a_conflict(merged: Merge) -> None:
    base = "schema: experiment/1\nname: train\nexecutable: a.sh\n"
    assert merged(DEFINITION, base, base.replace("a.sh", "b.sh"), base.replace("a.sh", "c.sh")) == 1
    assert "<<<<<<< ours\nexecutable: b.sh\n" in merged.text
