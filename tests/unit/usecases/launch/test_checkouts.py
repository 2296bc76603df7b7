"""Checkouts of commits for runs that must not see the working tree: shared while untouched, never leaking files."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run, SubmissionFacts
from qanat.errors import GitRefused
from qanat.usecases.launch import checkouts
from qanat.usecases.launch.checkouts import CachedCheckout
from qanat.usecases.launch.workplace import Workplace, in_project
from tests.support.world import World
from tests.unit.records.example import RUN

TRACES = {
    "a new file": "echo x >new.txt",
    "an ignored file": "echo x >new.secret",
    "a file in an ignored folder": "mkdir -p results; echo x >results/out",
    "an edited file": "echo edited >code.txt",
    "a deleted file": "rm train.sh",
    "a changed mode": "chmod +x code.txt",
    "an empty folder": "mkdir -p deep/empty",
    "another commit": "git checkout --quiet --detach HEAD~1",
    "a commit of its own": "echo x >code.txt; git commit --quiet --all --message x",
    "a staged file": "echo x >new.txt; git add new.txt",
    "no git any more": "rm .git",
    "a read-only folder": "mkdir -p deep/locked; echo x >deep/locked/x; chmod -R a-w deep",
    "a repository": "git init --quiet inner",
}


def head(world: World) -> str:
    """Return the commit that is checked out."""
    return world.head


def claimed(world: World, commit: str, live: Sequence[Run] = (), **words: Any) -> AbstractContextManager[Workplace]:
    """Claim a checkout of a commit for the length of a block."""
    return checkouts.in_checkout(world.project, commit, **{"datasets": {}, "groups": (), "live": live, **words})


def place(world: World, commit: str, live: Sequence[Run] = (), **words: Any) -> Workplace:
    """Return a checkout of a commit, which nobody claims any longer."""
    with claimed(world, commit, live, **words) as found:
        return found


def at_work(world: World, folder: Path) -> Run:
    """Return a run that is active in a checkout."""
    return replace(RUN, submission=SubmissionFacts("", checkout=str(folder.relative_to(world.root))))


def names(world: World) -> list[str]:
    """List the checkouts in the cache."""
    return sorted(path.name for path in (world.root / ".qanat/cache/checkouts").glob("*") if path.is_dir())


def content(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode of everything in a folder, and the bytes of its files."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_the_project_itself_is_a_place_to_work(world: World) -> None:
    found = in_project(world.project, {"d": "data", "e": "/elsewhere"})
    assert found == Workplace(world.root, {"d": str(world.root / "data"), "e": "/elsewhere"})


def test_a_checkout_has_the_files_of_the_commit_and_no_others(world: World) -> None:
    before = head(world)
    world.commit(**{"new.txt": "", "train.sh": "true\n"})
    world.write("untracked.txt", "")
    found = place(world, before)
    assert found.folder == world.root / f".qanat/cache/checkouts/{before[:12]}"
    assert (found.folder / "train.sh").read_text() == 'echo "$@"\n'
    assert not (found.folder / "new.txt").exists()
    assert not (found.folder / "untracked.txt").exists()
    assert world.git("status", "--porcelain") == "?? untracked.txt"


def test_an_untouched_checkout_is_shared(world: World) -> None:
    first, second = place(world, head(world)), place(world, head(world))
    assert first == second
    assert len(names(world)) == 1


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_nothing_that_a_run_leaves_in_a_checkout_is_seen_by_the_next(world: World, trace: str) -> None:
    world.commit(**{".gitignore": "*.secret\n.qanat/cache/\nresults/\n", "code.txt": "first"})
    folder = place(world, head(world)).folder
    before = content(folder)
    subprocess.run(["sh", "-c", trace], cwd=folder, check=True)
    assert content(folder) != before
    assert place(world, head(world)).folder == folder
    assert content(folder) == before
    assert names(world) == [folder.name]
    assert world.git("status", "--porcelain") == ""


def test_a_touched_checkout_in_which_a_run_is_active_stays(world: World) -> None:
    commit = head(world)
    folder = place(world, commit).folder
    (folder / "new.txt").touch()
    second = place(world, commit, [at_work(world, folder)]).folder
    assert (folder / "new.txt").exists()
    assert second.name == f"{commit[:12]}-2"
    (second / "new.txt").touch()
    third = place(world, commit, [at_work(world, folder), at_work(world, second)]).folder
    assert third.name == f"{commit[:12]}-3"
    assert len(names(world)) == 3


def test_an_untouched_checkout_is_shared_also_while_a_run_is_active_in_it(world: World) -> None:
    folder = place(world, head(world)).folder
    assert place(world, head(world), [at_work(world, folder)]).folder == folder


def test_a_touched_checkout_that_somebody_has_claimed_stays(world: World) -> None:
    with claimed(world, head(world)) as here:
        (here.folder / "new.txt").touch()
        assert place(world, head(world)).folder == here.folder.with_name(f"{here.folder.name}-2")
        assert (here.folder / "new.txt").exists()


def test_a_checkout_on_another_commit_is_not_one_of_this(world: World) -> None:
    before = head(world)
    folder = place(world, before).folder
    world.commit(**{"new.txt": ""})
    world.git("-C", str(folder), "checkout", "--quiet", "--detach", head(world))
    assert place(world, before).folder == folder
    assert not (folder / "new.txt").exists()


def test_commits_that_differ_in_records_alone_share_a_checkout(world: World) -> None:
    before = head(world)
    folder = place(world, before).folder
    world.submit()
    assert head(world) != before
    assert place(world, head(world)).folder == folder
    world.commit(**{"new.txt": ""})
    other = place(world, head(world)).folder
    assert other.name == head(world)[:12]
    assert (other / "new.txt").exists()


def test_a_commit_that_is_not_here_is_refused_and_leaves_nothing(world: World) -> None:
    with pytest.raises(GitRefused, match="git worktree failed: invalid reference: 0"):
        place(world, "0" * 40)
    assert names(world) == []


def test_data_of_the_commit_are_read_from_the_checkout_and_others_from_the_project(world: World) -> None:
    world.commit(**{"tracked/a.csv": "1\n"})
    paths = {"tracked": "tracked", "untracked": "untracked", "elsewhere": "/elsewhere/d"}
    found = place(world, head(world), datasets=paths)
    assert found.datasets == {
        "tracked": str(found.folder / "tracked"),
        "untracked": str(world.root / "untracked"),
        "elsewhere": "/elsewhere/d",
    }


def test_what_arguments_name_and_only_the_project_has_is_linked(world: World, tmp_path: Path) -> None:
    world.write("data.bin", "1")
    (tmp_path / "kept").write_text("2")
    found = place(world, head(world), groups=[("data.bin", "train.sh")], instead={"p.json": tmp_path / "kept"})
    assert found.inputs == ("data.bin",)
    assert (found.folder / "data.bin").readlink() == world.root / "data.bin"
    found = place(world, head(world), groups=[("p.json",)], instead={"p.json": tmp_path / "kept"})
    assert (found.folder / "p.json").readlink() == tmp_path / "kept"
    assert not (found.folder / "data.bin").exists()


# ---- planning, listing, cleaning


def test_a_checkout_is_planned_without_being_made(world: World) -> None:
    commit = head(world)
    assert checkouts.planned(world.project, commit, {"d": "data"}) == Workplace(
        world.root / f".qanat/cache/checkouts/{commit[:12]}", {"d": str(world.root / "data")}
    )
    assert names(world) == []
    folder = place(world, commit).folder
    world.submit()
    assert checkouts.planned(world.project, head(world), {}).folder == folder


def test_checkouts_are_listed_with_their_size_and_whether_they_are_in_use(world: World) -> None:
    assert checkouts.cached(world.project, []) == []
    folder = place(world, head(world)).folder
    (found,) = checkouts.cached(world.project, [])
    assert (found.folder, found.in_use) == (folder, False)
    (folder / "more").write_bytes(b"x" * 1000)
    (larger,) = checkouts.cached(world.project, [at_work(world, folder)])
    assert larger == CachedCheckout(folder, found.bytes + 1000, in_use=True)
    with claimed(world, head(world), [at_work(world, folder)]):
        assert [item.in_use for item in checkouts.cached(world.project, [])] == [False, True]


def test_cleaning_removes_the_checkouts_that_no_run_works_in(world: World) -> None:
    first = place(world, head(world)).folder
    world.commit(**{"new.txt": ""})
    second = place(world, head(world)).folder
    removed = checkouts.clean(world.project, [at_work(world, second)])
    assert [item.folder for item in removed] == [first]
    assert names(world) == [second.name]
    assert [path.name for path in (world.root / ".git/qanat/checkouts").iterdir()] == [f"{second.name}.lock"]
    assert str(first) not in world.git("worktree", "list")
    assert [item.folder for item in checkouts.clean(world.project, [])] == [second]
    assert checkouts.clean(world.project, []) == []
