"""The rule frozen-runs: the record of an ended run stays unchanged, and is deleted only on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Group, Run, State
from qanat.records import run_codec
from qanat.usecases.checks.rules import frozen_runs
from qanat.usecases.checks.scope import scope_of
from qanat.usecases.tracking import record
from tests.support.world import World
from tests.unit.records.example import RUN

ENDED = replace(RUN, number=4, experiment="train")
GOING = replace(ENDED, groups=(Group(0, ("a",)), Group(1, ("b",))))
PATH = run_codec.path_of(ENDED)


def commit(world: World, run: Run, message: str = "record") -> None:
    """Commit a record, as a user does."""
    record.create_record(world.project, run)
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", message)


def stage(world: World, change: Callable[[str], str], path: str = PATH) -> None:
    """Change the text of a record, and stage it."""
    file = world.root / path
    file.write_text(change(file.read_text()))
    world.git("add", "--all")


def check(world: World, *allowed: str, since: str | None = None) -> list[str]:
    """List the findings, each as one line."""
    return [str(finding) for finding in frozen_runs.check(scope_of(world.project, since), deletable=allowed)]


def changed(key: str, line: int, when: str = "had ended") -> str:
    """Return the line for a key that was changed."""
    return f"{PATH}:{line}: frozen-runs: {key} was changed after the run {when}; git checkout HEAD -- {PATH}"


def test_a_record_that_ended_and_is_as_it_was_is_fine(world: World) -> None:
    commit(world, ENDED)
    assert check(world) == []


def test_a_new_record_is_fine(world: World) -> None:
    record.create_record(world.project, ENDED)
    world.git("add", "--all")
    assert check(world) == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("description: ''", "description: better", "description"),
        ("state: failed\n", "state: finished\n", "state"),
        ("snapshot: false", "snapshot: true", "code.snapshot"),
        ("acc: 0.93", "acc: 0.99", "groups.0.metrics"),
        ("author: Ada", "author: Bob", "author"),
    ],
)
def test_a_change_after_the_end_is_told_with_its_line_and_the_way_back(
    world: World, old: str, new: str, key: str
) -> None:
    commit(world, ENDED)
    text = (world.root / PATH).read_text()
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    stage(world, lambda before: before.replace(old, new))
    assert check(world) == [changed(key, line)]


def test_every_place_that_was_changed_is_told_up_to_ten(world: World) -> None:
    groups = tuple(Group(n, (), State.FINISHED, exit_code=0) for n in range(12))
    commit(world, replace(ENDED, groups=groups))
    stage(world, lambda text: text.replace("exit_code: 0", "exit_code: 1"))
    found = check(world)
    assert len(found) == 10
    assert all("exit_code was changed after the run had ended" in line for line in found)


def test_tags_and_later_attempts_are_no_change(world: World) -> None:
    commit(world, ENDED)
    times = {"started": "2026-11-24T05:00:00+00:00", "ended": "2026-11-24T06:00:00+00:00"}
    again = replace(ENDED.groups[1], attempt=2, state=State.FINISHED, exit_code=0, signal=None, reason="", **times)
    facts = replace(ENDED.submission, intent="0123456789abcdef")
    later = replace(ENDED.with_groups({1: again}), tags=("good",), submission=facts)
    stage(world, lambda _: run_codec.encode(later).decode())
    assert check(world) == []


def test_a_run_that_went_on_may_end_and_nothing_else(world: World) -> None:
    commit(world, GOING)
    stage(world, lambda _: run_codec.encode(replace(GOING, groups=ENDED.groups)).decode())
    assert [line.partition(" was")[0].rpartition(" ")[2] for line in check(world)] == ["groups.0.args", "groups.1.args"]
    ended = tuple(replace(new, args=old.args) for new, old in zip(ENDED.groups, GOING.groups, strict=True))
    stage(world, lambda _: run_codec.encode(replace(GOING, groups=ended)).decode())
    assert check(world) == []
    stage(world, lambda text: text.replace("author: Ada", "author: Bob"))
    assert check(world) == [changed("author", 7, "was launched")]


def test_only_what_is_staged_counts(world: World) -> None:
    commit(world, ENDED)
    file = world.root / PATH
    file.write_text(file.read_text().replace("author: Ada", "author: Bob"))
    assert check(world) == []


def test_a_record_that_cannot_be_read_any_more_is_told_with_its_line(world: World) -> None:
    commit(world, ENDED)
    stage(world, lambda text: text.replace("author: Ada L.", "author: {Ada L."))
    (found,) = check(world)
    assert "frozen-runs: the record can no longer be read; git checkout HEAD -- " in found
    assert found.startswith(f"{PATH}:8:")
    stage(world, lambda _: "- a list\n")
    assert check(world) == [f"{PATH}:1: frozen-runs: the record can no longer be read; git checkout HEAD -- {PATH}"]


def test_a_record_of_a_run_that_went_on_and_cannot_be_read_is_another_rules_matter(world: World) -> None:
    commit(world, GOING)
    stage(world, lambda _: "- a list\n")
    assert check(world) == []


def test_a_record_that_could_never_be_read_may_change(world: World) -> None:
    commit(world, ENDED)
    stage(world, lambda _: "- a list\n")
    world.git("commit", "--quiet", "--message", "broken")
    stage(world, lambda _: run_codec.encode(ENDED).decode())
    assert check(world) == []


def test_a_link_in_the_place_of_a_record_is_told(world: World) -> None:
    commit(world, GOING)
    (world.root / PATH).unlink()
    (world.root / PATH).symlink_to("elsewhere")
    world.git("add", "--all")
    assert check(world) == [f"{PATH}:1: frozen-runs: the record is now a symbolic link; git checkout HEAD -- {PATH}"]


def test_other_files_beside_records_are_none_of_this_rule(world: World) -> None:
    commit(world, ENDED)
    world.write(PATH.replace(".yaml", ".md"), "good\n")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "comment")
    (world.root / PATH.replace(".yaml", ".md")).unlink()
    world.git("add", "--all")
    assert check(world) == []


# ---- records that go


def gone(since: str = "HEAD") -> str:
    """Return the line for a record that was deleted."""
    remedy = f"git checkout {since} -- {PATH}, or delete the run with: qanat delete 4-7f3a9c"
    return f"{PATH}:1: frozen-runs: the record was deleted without qanat delete; {remedy}"


def delete(world: World) -> None:
    """Delete the record, and stage that."""
    (world.root / PATH).unlink()
    world.git("add", "--all")


@pytest.mark.parametrize("run", [ENDED, GOING], ids=["ended", "going"])
def test_a_record_that_goes_is_told(world: World, run: Run) -> None:
    commit(world, run)
    delete(world)
    assert check(world) == [gone()]
    assert check(world, "5-7f3a9c") == [gone()]
    assert check(world, "4-7f3a9c") == []


@pytest.mark.parametrize(
    ("named", "expected"),
    [("4-7f3a9c", []), ("1-000000, 4-7f3a9c", []), ("1-000000\n4-7f3a9c", []), ("4", [gone()]), ("", [gone()])],
)
def test_the_environment_may_say_that_it_was_to_go(
    world: World, monkeypatch: pytest.MonkeyPatch, named: str, expected: list[str]
) -> None:
    commit(world, ENDED)
    delete(world)
    monkeypatch.setenv("QANAT_DELETED_RUNS", named)
    assert check(world) == expected


@pytest.mark.parametrize("message", ["tidy up", "tidy up\n\nDeleted-run: 4-7f3a9c"])
def test_the_message_of_a_commit_may_say_so(world: World, message: str) -> None:
    commit(world, ENDED)
    start = world.head
    delete(world)
    world.git("commit", "--quiet", "--message", message)
    assert check(world, since=start) == ([gone(start[:12])] if message == "tidy up" else [])


def test_a_message_that_was_there_before_does_not_count(world: World) -> None:
    commit(world, GOING, "record\n\nDeleted-run: 4-7f3a9c")
    start = world.head
    delete(world)
    assert check(world) == [gone()]
    world.git("commit", "--quiet", "--message", "tidy up")
    assert check(world, since=start) == [gone(start[:12])]


def test_a_record_that_moves_with_its_experiment_has_not_gone(world: World) -> None:
    commit(world, ENDED)
    moved = replace(ENDED, experiment="fit")
    (world.root / PATH).unlink()
    record.create_record(world.project, moved)
    world.git("add", "--all")
    remedy = f"git checkout HEAD -- {PATH}"
    alone = f"{run_codec.path_of(moved)}:3: frozen-runs: experiment was changed after the run had ended; {remedy}"
    assert check(world) == [alone]
    definition = world.root / ".qanat/experiments/train.yaml"
    renamed = definition.with_name("fit.yaml")
    renamed.write_text(definition.read_text().replace("name: train", "name: fit"))
    world.git("add", "--all")
    assert check(world) == [alone], "both experiments exist"
    renamed.write_text(f"{renamed.read_text()}formerly: [train]\n")
    world.git("add", "--all")
    assert check(world) == []
    renamed.write_text(renamed.read_text().replace("formerly: [train]\n", ""))
    definition.unlink()
    world.git("add", "--all")
    assert check(world) == [], "one took the place of the other"
    path = run_codec.path_of(moved)
    stage(world, lambda text: text.replace("author: Ada", "author: Bob"), path)
    assert check(world) == [f"{path}:7: frozen-runs: author was changed after the run had ended; {remedy}"]


# ---- merges


def other_side(world: World) -> None:
    """Commit a record, and be on a branch that left from there."""
    commit(world, ENDED)
    world.git("checkout", "--quiet", "-b", "other")


def begin_merge(world: World) -> None:
    """Go back to the first branch, and merge the other into it without a commit."""
    world.git("checkout", "--quiet", "main")
    world.git("commit", "--quiet", "--allow-empty", "--message", "here")
    world.git("merge", "--quiet", "--no-commit", "--no-ff", "other")


def test_what_a_merge_brings_along_is_no_change(world: World) -> None:
    other_side(world)
    commit(world, replace(ENDED, tags=("a",), description="theirs"))
    begin_merge(world)
    assert check(world) == []
    stage(world, lambda text: text.replace("author: Ada", "author: Bob"))
    (found,) = check(world)
    assert "author was changed after the run had ended" in found


def test_what_was_deleted_on_the_other_side_was_deleted_there(world: World) -> None:
    other_side(world)
    delete(world)
    world.git("commit", "--quiet", "--message", "tidy up")
    begin_merge(world)
    assert not (world.root / PATH).exists()
    assert check(world) == []


def test_what_a_merge_deletes_that_no_side_has_deleted_is_told(world: World) -> None:
    other_side(world)
    world.git("commit", "--quiet", "--allow-empty", "--message", "there")
    begin_merge(world)
    delete(world)
    assert check(world) == [gone()]


def test_a_branch_on_a_server_is_compared_with_both_and_told_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(world, ENDED)
    start = world.head
    world.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.git("fetch", "--quiet", "origin")
    world.git("checkout", "--quiet", "-b", "work", "--no-track", "origin/main")
    stage(world, lambda text: text.replace("author: Ada", "author: Bob"))
    world.git("commit", "--quiet", "--message", "forged")
    monkeypatch.setenv("CI", "true")
    (found,) = check(world)
    assert found.endswith(f"author was changed after the run had ended; git checkout {start[:12]} -- {PATH}")


def test_an_older_version_of_the_schema_is_no_cover_for_a_change(world: World) -> None:
    commit(world, ENDED)
    older = (world.root / PATH).read_text().replace("schema: run/2\n", "schema: run/1\n")
    stage(world, lambda _: older)
    assert f"{PATH}:1: frozen-runs: its schema was set back to an older version; git checkout HEAD -- {PATH}" in check(
        world
    )
