"""The history without commits of records, and which runs each commit had."""

from __future__ import annotations

from collections import Counter

import pytest

from qanat.domain.run import State
from qanat.errors import GitRefused
from qanat.usecases.launch.code import Uncommitted
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.runs import log
from qanat.usecases.runs.log import Entry
from tests.support.world import World


def history(world: World, revision: str = "HEAD") -> list[Entry]:
    """List what the log has."""
    with refreshed(world.project, world) as (index, result):
        return list(log.history(world.project, index, result, revision))


def subjects(world: World, revision: str = "HEAD") -> list[str]:
    """List the subjects of the commits in the log."""
    return [entry.logged.subject for entry in history(world, revision)]


def runs(world: World) -> dict[str, dict[str, int]]:
    """Map the subject of each commit that has runs to their states."""
    return {e.logged.subject: dict(e.launched.states) for e in history(world) if e.launched.ids}


def test_commits_of_records_are_left_out_and_their_runs_counted_for_the_code(world: World) -> None:
    world.commit("one", **{"train.sh": "exit 0\n"})
    world.launch()
    world.launch()
    world.commit("two\n\nwith a body", **{"train.sh": "exit 1\n"})
    world.launch()
    world.submit()
    world.commit("empty")
    assert subjects(world)[:4] == ["empty", "two", "one", "train"]
    assert runs(world) == {"one": {"finished": 2}, "two": {"failed": 1, "queued": 1}}
    newest = history(world)[1]
    assert (newest.logged.commit, newest.logged.author) == (world.git("rev-parse", "HEAD~3"), "Ada Lovelace")
    assert newest.launched.ids == [world.recorded(3).id, world.recorded(4).id]


def test_an_active_run_has_its_state_of_now(world: World) -> None:
    world.submit()
    (job,) = world.scheduler.of(0)
    job.starts()
    assert runs(world) == {"train": {"running": 1}}
    job.ends()
    assert runs(world) == {"train": {"finished": 1}}


def test_a_run_of_a_snapshot_counts_for_the_commit_that_was_changed(world: World) -> None:
    world.launch()
    world.write("train.sh", "exit 0\n")
    world.launch(uncommitted=Uncommitted(snapshot=True))
    (entry,) = [entry for entry in history(world) if entry.launched.ids]
    assert (entry.launched.states, entry.launched.snapshots) == (Counter(finished=2), 1)


def test_a_run_that_names_a_commit_of_records_counts_for_the_code_before(world: World) -> None:
    world.launch()
    world.launch()
    first, records = world.recorded().code.commit, world.head
    path = next(world.root.glob(".qanat/runs/train/0/2-*.yaml"))
    path.write_text(path.read_text().replace(first, records))
    assert runs(world) == {"train": {State.FINISHED: 2}}


def test_a_range_has_the_commits_of_one_side(world: World) -> None:
    world.git("switch", "--quiet", "--create", "side")
    world.commit("side", **{"train.sh": "exit 0\n"})
    world.launch()
    world.git("switch", "--quiet", "main")
    world.commit("main", **{"other.sh": "exit 0\n"})
    assert subjects(world, "main..side") == ["side"]
    assert sorted(subjects(world, "side...main")) == ["main", "side"]
    assert subjects(world, "HEAD..HEAD") == []
    world.git("merge", "--quiet", "--message", "merged", "side")
    assert set(subjects(world, "side..main")) == {"merged", "main"}


@pytest.mark.parametrize("revision", ["nope", "nope..HEAD", "-n", ":train.sh", "HEAD^{tree}", ""])
def test_what_is_no_revision_is_refused(world: World, revision: str) -> None:
    with pytest.raises(GitRefused, match="is not a commit or a range of this repository"):
        history(world, revision)


def test_a_shallow_clone_has_what_it_has(world: World) -> None:
    world.commit("one", **{"train.sh": "exit 0\n"})
    world.launch()
    there = world.root.parent / "there"
    world.git("clone", "--quiet", "--depth=2", world.root.as_uri(), str(there))
    assert runs(World(there)) == {"one": {"finished": 1}}
    assert subjects(World(there)) == ["one"]
