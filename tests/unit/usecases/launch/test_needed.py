"""Leaving out what has been run already, and what is not relied on for that."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qanat.domain import group_key, times
from qanat.domain.run import Run, State
from qanat.domain.standing import Standing
from qanat.errors import InputInvalid, UsageError
from qanat.records import manifest, remembered, run_codec
from qanat.records.storage import MANIFEST
from qanat.usecases.launch import containers
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, RunRequest
from qanat.usecases.launch.previewing import preview
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.tracking import manifests
from tests.support.world import World
from tests.unit.usecases.data.datasets import dataset
from tests.unit.usecases.launch.test_rerun import retried


@pytest.fixture(autouse=True)
def _today(world: World) -> None:
    """Let the clock go like that of the processes: a record with ends in the future is invalid."""
    world.clock.move((datetime.now(UTC) - times.parse(world.clock.now())).total_seconds())


def seeds(*numbers: int) -> tuple[str, ...]:
    """Return groups with these seeds."""
    return tuple(f"--seed {number}" for number in numbers)


def needed(world: World, *numbers: int, ignored: tuple[str, ...] = (), **words: Any) -> list[str]:
    """Launch what is needed of groups with these seeds; list the arguments of the groups that were started."""
    run = world.launch(groups=seeds(*numbers), needed=Needed(ignored), **words)
    return [" ".join(group.args) for group in run.groups] if world.outcome.is_new else []


def told(world: World) -> list[str]:
    """Return what was shown about groups that have been run already."""
    return next((what for name, what in world.view.events if name == "already_run"), [])


def foreseen(world: World, *numbers: int, ignored: tuple[str, ...] | None = None, **words: Any) -> list[Standing]:
    """Return what a dry run says about groups with these seeds."""
    asked = None if ignored is None else Needed(ignored)
    runner = LaunchOptions(words.pop("runner", "local"))
    request = RunRequest("train", groups=seeds(*numbers), needed=asked, **words)
    return list(preview(world.project, request, runner, world).standings)


def statuses(found: list[Standing]) -> list[tuple[str, str]]:
    """List the statuses of standings, each with what it says."""
    return [(standing.status, standing.why) for standing in found]


def test_groups_that_a_run_has_are_left_out_and_counted(world: World) -> None:
    first = world.launch(groups=seeds(0, 1))
    assert needed(world, 0, 1, 2) == ["--seed 2"]
    assert told(world) == ["2 of 3 groups were run already, in run 1: results/train/run_1"]
    assert world.recorded(2).requested.already_run == {first.id: 2}
    assert world.recorded(2).requested.groups == seeds(0, 1, 2)
    assert (needed(world, 1, 2), world.outcome.run.number) == ([], 2)
    assert len(told(world)) == 2


@pytest.mark.parametrize("value", ["NaN", "-Infinity"])
def test_a_group_whose_metric_is_no_finite_number_has_been_run(world: World, value: str) -> None:
    program = 'for word; do :; done\necho "{\\"loss\\": ' + value + '}" >"$word/metrics.json"\n'
    world.experiment(program, metrics=[{"file": "metrics.json"}])
    world.launch(groups=seeds(0))
    assert str(world.recorded(1).groups[0].metrics["loss"]) in ("nan", "-inf")
    assert needed(world, 0) == []
    assert not list(world.root.glob(".qanat/runs/*/*/3-*"))
    assert not (world.root / "results/train/run_3").exists()


def test_a_group_counts_for_one_group(world: World) -> None:
    world.launch(groups=("", ""))
    run = world.launch(groups=("", "", ""), needed=Needed())
    assert (len(run.groups), run.number) == (1, 2)


def test_a_stopped_sweep_goes_on(world: World) -> None:
    world.experiment('test "$2" != 1\n')
    run = world.launch(groups=seeds(0, 1, 2), fail_fast=True)
    assert [group.state for group in run.groups] == [State.FINISHED, State.FAILED, State.CANCELLED]
    assert [s.status for s in foreseen(world, 0, 1, 2, 3)] == ["done", "failed", "failed", "new"]
    assert needed(world, 0, 1, 2) == ["--seed 1", "--seed 2"]
    assert needed(world, 0, 1, 2) == ["--seed 1"]


def test_other_code_or_data_are_run_again_unless_they_are_ignored(world: World) -> None:
    world.commit(**{".gitignore": "/rain\n/results\n.qanat/cache/\n"})
    world.write("rain/a", "1")
    dataset(world, "rain", "rain", track="hash")
    world.experiment("exit 0\n", datasets=["rain"])
    world.launch(groups=seeds(0))
    world.commit(**{"README.md": "text"})
    world.write("rain/b", "1")
    assert statuses(foreseen(world, 0)) == [("new", "code: README.md; data: rain: 2 files, was 1 (2 B, was 1 B)")]
    assert [s.differs for s in foreseen(world, 0)] == [("code", "data")]
    assert needed(world, 0, ignored=("code",)) == ["--seed 0"]
    assert needed(world, 0, ignored=("code", "data")) == []


def test_code_that_was_narrowed_since_counts_as_it_is_now(world: World) -> None:
    world.launch(groups=seeds(0))
    world.commit(
        **{
            "README.md": "text",
            ".qanat/experiments/train.yaml": "schema: experiment/1\nname: train\nexecutable: train.sh\n"
            "executable_command: sh\ncode: {paths: [train.sh]}\n",
        }
    )
    assert needed(world, 0) == []
    world.write("README.md", "uncommitted")
    assert statuses(foreseen(world, 0)) == [("done", "")]
    world.write("train.sh", "exit 1\n")
    assert statuses(foreseen(world, 0)) == [
        ("new", "code: there are uncommitted changes, to be committed first: train.sh")
    ]


def test_another_command_is_named(world: World) -> None:
    world.launch(groups=seeds(0))
    world.commit(
        **{
            ".qanat/experiments/train.yaml": "schema: experiment/1\nname: train\nexecutable: train.sh\n"
            "executable_command: sh -e\n"
        }
    )
    assert statuses(foreseen(world, 0)) == [("new", "command: sh -e train.sh, was sh train.sh")]


@pytest.mark.parametrize("words", [{"revision": "HEAD"}, {"runner": "world"}])
def test_where_it_runs_does_not_count(world: World, words: dict[str, Any]) -> None:
    world.commit(**{"data/a.csv": "1\n"})
    dataset(world, "rain", "data")
    world.experiment("exit 0\n", datasets=["rain"])
    world.launch(groups=seeds(0))
    assert [s.status for s in foreseen(world, 0, **words)] == ["done"]
    assert needed(world, 0, **words) == []


def test_a_dry_run_starts_no_command_of_a_dataset(world: World) -> None:
    world.write("rain/a", "")
    dataset(world, "rain", "rain", track="command", command="sh -c 'echo x | tee -a ../calls'")
    world.experiment("exit 0\n", datasets=["rain"])
    world.launch(groups=seeds(0))
    assert statuses(foreseen(world, 0)) == [("new", "data: not known of rain")]
    assert needed(world, 0) == []


def test_data_that_are_not_tracked_count_as_the_same(world: World) -> None:
    dataset(world, "web", "s3://bucket")
    dataset(world, "far", "/not/here", check=False)
    world.experiment("exit 0\n", datasets=["web", "far"])
    world.launch(groups=seeds(0))
    assert needed(world, 0) == []
    assert told(world)[1:] == ["web, far are not looked at, and count as unchanged"]


def test_an_active_group_is_said_and_runs_again(world: World) -> None:
    world.submit(1)
    assert [s.status for s in foreseen(world, 0)] == ["active"]
    assert needed(world, 0) == ["--seed 0"]
    assert told(world) == ["1 of 1 group is still active in run 1"]


# ---- what is not relied on


def lost(world: World, run: Run) -> None:
    """Remove the results of the first group of a run."""
    shutil.rmtree(world.root / run.storage / "group_0")


def emptied(world: World, run: Run) -> None:
    """Remove a result of the first group of a run."""
    (world.root / run.storage / "group_0/out.txt").unlink()


def changed(world: World, run: Run) -> None:
    """Change a result of the first group of a run."""
    (world.root / run.storage / "group_0/out.txt").write_text("other")


def edited(world: World, run: Run) -> None:
    """Change a result of the first group of a run without changing its size, or when it was modified."""
    path = world.root / run.storage / "group_0/out.txt"
    before = path.stat()
    path.write_text("2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def edited_without_list(world: World, run: Run) -> None:
    """Do the same, and remove the manifest."""
    edited(world, run)
    (world.root / run.storage / "group_0" / MANIFEST).unlink()


def edited_beside_young_list(world: World, run: Run) -> None:
    """Do the same, and let the manifest look younger, as a program that touches all files does."""
    edited(world, run)
    os.utime(world.root / run.storage / "group_0" / MANIFEST)


def linked(world: World, run: Run) -> None:
    """Move the directory of the first group of a run, and let a link lead to what it had."""
    folder = world.root / run.storage / "group_0"
    folder.rename(world.root.parent / "moved")
    folder.symlink_to(world.root.parent / "moved")


CHANGED = "its out.txt has changed"
DAMAGES = [
    (lost, "its results are not here"),
    (linked, "its results are not here"),
    (emptied, "its out.txt is gone"),
    (changed, CHANGED),
    (edited, CHANGED),
    (edited_beside_young_list, CHANGED),
    (edited_without_list, "its results are not as it left them"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
def test_results_must_be_as_they_were_unless_they_are_ignored(world: World, damage: Any, why: str) -> None:
    world.experiment('eval "last=\\${$#}"; echo 1 > "$last/out.txt"\n')
    run = world.launch(groups=seeds(0, 1))
    assert all(group.outputs for group in run.groups)
    damage(world, run)
    assert needed(world, 0, 1, ignored=("results",)) == []
    assert needed(world, 0, 1) == ["--seed 0"]
    assert told(world)[-1] == f"group 0 of run 1 does not count: {why}"


def test_results_that_were_only_touched_or_copied_count(world: World) -> None:
    world.experiment('eval "last=\\${$#}"; echo 1 > "$last/out.txt"\n')
    run = world.launch(groups=seeds(0))
    folder = world.root / run.storage
    (folder / "out.txt").touch()
    shutil.copytree(folder, folder.with_name("copy"), copy_function=shutil.copyfile)
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    assert needed(world, 0) == []


def test_results_that_are_not_hashed_count_by_their_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "HASHED_BYTES_MAX", 1)
    world.experiment('eval "last=\\${$#}"; echo 1 > "$last/out.txt"\n')
    folder = world.root / world.launch(groups=seeds(0)).storage
    assert needed(world, 0) == []
    os.utime(folder / "out.txt", (later := time.time() + 5, later))
    why = "group 0 of run 1 does not count: its out.txt was modified later, and its content is not recorded"
    (folder / MANIFEST).rename(folder.parent / "kept")
    assert [s.why for s in foreseen(world, 0)] == [why.partition(": ")[2]]
    (folder.parent / "kept").rename(folder / MANIFEST)
    assert needed(world, 0) == ["--seed 0"]
    assert told(world)[-1] == why


def test_results_of_too_many_files_count_by_their_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "FILES_MAX", 0)
    world.experiment('eval "last=\\${$#}"; echo 1 > "$last/out.txt"\n')
    run = world.launch(groups=seeds(0))
    assert run.groups[0].outputs is None
    assert needed(world, 0) == []
    os.utime(world.root / run.storage / "out.txt", (later := time.time() + 5, later))
    assert needed(world, 0) == ["--seed 0"]
    assert "its out.txt was modified later" in told(world)[-1]


def test_a_record_that_was_edited_is_not_relied_on(world: World) -> None:
    world.experiment("exit 1\n")
    world.launch(groups=seeds(0))
    (record,) = world.root.glob(".qanat/runs/*/*/1-*.yaml")
    text = record.read_text().replace("failed", "finished").replace("exit_code: 1", "exit_code: 0")
    record.write_text(text.replace(", reason: exit code 1", ""))
    assert needed(world, 0) == ["--seed 0"]
    assert "does not count" in told(world)[-1]
    assert "was edited" in told(world)[-1]


def test_a_record_that_nobody_committed_is_not_relied_on(world: World) -> None:
    world.launch(groups=seeds(0))
    (record,) = world.root.glob(".qanat/runs/*/*/1-*.yaml")
    forged = record.with_name("7-00beef.yaml")
    world.experiment("exit 0 \n")
    world.launch(groups=seeds(0))
    (newer,) = world.root.glob(".qanat/runs/*/*/2-*.yaml")
    forged.write_text(newer.read_text().replace(f"id: {newer.stem}", "id: 7-00beef").replace("run_2", "run_7"))
    world.git("rm", "--quiet", str(newer.relative_to(world.root)))
    world.git("commit", "--quiet", "--message", f"gone\n\nDeleted-run: {newer.stem}")
    assert needed(world, 0) == ["--seed 0"]
    assert "group 0 of run 7 does not count: its record was copied from another run" in told(world)


def test_a_record_that_claims_the_keys_of_other_code_is_not_relied_on(world: World) -> None:
    world.experiment("exit 0\n")
    first = world.launch(groups=seeds(0))
    world.experiment("exit 0 \n")
    second = world.launch(groups=seeds(1))
    key = group_key.key_of(second.key, first.groups[0].args, {})
    forged = replace(first, key=second.key, groups=(replace(first.groups[0], key=key),))
    world.write(run_codec.path_of(first), run_codec.encode(forged).decode())
    world.git("commit", "--quiet", "--all", "--message", "forged")
    (found,) = foreseen(world, 0)
    assert (found.status, found.differs, found.why) == ("new", ("code",), "code: train.sh")
    assert needed(world, 0) == ["--seed 0"]


def test_a_run_whose_commit_is_not_here_is_not_relied_on(world: World) -> None:
    first = world.launch(groups=seeds(0))
    other = replace(first, code=replace(first.code, commit="1" * 40))
    world.write(run_codec.path_of(first), run_codec.encode(other).decode())
    world.git("commit", "--quiet", "--all", "--message", "forged")
    assert [(s.status, s.why) for s in foreseen(world, 0)] == [("new", "code: another commit")]
    assert needed(world, 0, ignored=("code",)) == []


def test_results_that_git_tracks_are_not_relied_on(world: World) -> None:
    run = world.launch(groups=seeds(0, 1))
    world.git("add", "--force", f"{run.storage}/group_1/stdout.txt")
    world.git("commit", "--quiet", "--message", "results of a clone")
    (found,) = foreseen(world, 0, ignored=("code",))
    assert found.status == "new"
    assert f"{run.storage}/group_1/stdout.txt, which git tracks" in found.why
    assert needed(world, 0, ignored=("code",)) == ["--seed 0"]


def test_a_dry_run_starts_no_interpreter(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "is_settled", lambda stamp, now_ns: False)  # as right after it was made
    world.experiment("exit 0\n", executable_command="./python3")
    (world.root / "python3").write_text(f'#!/bin/sh\necho x >> {tmp_path}/started\nexec "{sys.executable}" "$@"\n')
    (world.root / "python3").chmod(0o755)
    world.write("train.sh", "")
    world.commit(python3=(world.root / "python3").read_text())
    world.launch(groups=seeds(0))
    assert (tmp_path / "started").read_text() == "x\n" * 2  # for the environment, and for the program
    assert statuses(foreseen(world, 0)) == [("done", "")]
    (world.project.location.private_here / f"environment-{os.geteuid()}.json").unlink()
    unknown = "environment: not known before the program starts"
    assert statuses(foreseen(world, 0)) == [("new", unknown)]
    assert (tmp_path / "started").read_text() == "x\n" * 2


def test_a_run_whose_files_changed_meanwhile_is_not_relied_on(world: World) -> None:
    world.experiment("echo >> README.md\n")
    world.commit(**{"README.md": "text"})
    assert world.launch(groups=seeds(0)).code.changed_while_running
    world.git("checkout", "--quiet", "README.md")
    assert needed(world, 0) == ["--seed 0"]
    assert told(world) == ["group 0 of run 1 does not count: files changed while it was running"]


def test_a_retry_with_other_data_counts_with_these(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nresults/\n.qanat/cache/\nfail\n"})
    world.write("a.bin", "1")
    world.write("fail", "")
    world.experiment("test ! -e fail\n")
    words: dict[str, Any] = {"groups": ("a.bin",), "in_place": True}
    world.launch(**words)
    world.write("a.bin", "2")
    (world.root / "fail").unlink()
    retried(world)
    world.launch(**words, needed=Needed())
    assert not world.outcome.is_new
    world.write("a.bin", "1")
    why = "retried with other data, or in another environment"
    request = RunRequest("train", **words, needed=Needed())
    (found,) = preview(world.project, request, LaunchOptions(), world).standings
    assert (found.status, found.differs[0], found.why) == ("new", "data", why)
    assert world.launch(**words, needed=Needed()).number == 2


# ---- who asks


def test_a_rerun_repeats_what_is_needed(world: World) -> None:
    world.experiment('test "$2" != 1 -o -e ../ok\n')
    first = world.launch(groups=seeds(0, 1))
    asked = (world.find(1), [], LaunchOptions(), Repeat(needed=Needed()))
    run = world.started(rerun, *asked, runners=world, ask=world.ask, view=world.view)
    assert [group.args for group in run.groups] == [first.groups[1].args]
    head = (world.find(1), [], LaunchOptions(), Repeat(head=True, needed=Needed()))
    assert len(world.started(rerun, *head, runners=world, ask=world.ask, view=world.view).groups) == 1


def test_only_parts_of_a_key_can_be_ignored(world: World) -> None:
    message = "'weather' cannot be ignored"
    with pytest.raises(UsageError, match=message):
        needed(world, 0, ignored=("weather",))
    asked = (world.launch(), Repeat(needed=Needed(("weather",))))
    with pytest.raises(UsageError, match=message):
        rerun(
            world.project, world.find(1), [], LaunchOptions(), asked[1], runners=world, ask=world.ask, view=world.view
        )


def test_a_dry_run_reads_no_image_without_end(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "DRY_FILES_MAX", 2)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    for name in ("bin/apptainer", "image/bin/sh", "image/a", "image/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / "bin/apptainer").chmod(0o755)
    world.experiment("exit 0\n", container={"image": str(tmp_path / "image"), "engine": "apptainer"})
    with pytest.raises(InputInvalid, match="is too large for a dry run: it has more than 2 files"):
        foreseen(world, 0)
    (tmp_path / "image/a").unlink()
    foreseen(world, 0)
