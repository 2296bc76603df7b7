"""Running groups again inside their run, and running a whole run again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.domain.run import Run, State
from qanat.errors import GitRefused, SubmitFailed, UsageError, WriteFailed
from qanat.records.flight import Journal, Watcher
from qanat.usecases.launch.earlier_files import set_aside
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.launch.retry import retry
from qanat.usecases.launch.view import Outcome
from tests.support.world import View, World
from tests.unit.usecases.launch.test_launch import EVERYWHERE, HERE, SUBMITTED, raising, start


def failed(world: World, options: LaunchOptions, groups: int = 2) -> Run:
    """Launch a run whose groups fail."""
    world.write("train.sh", "echo out; exit 3\n")
    world.git("commit", "--quiet", "--all", "--message", "fails")
    start(world, options, groups=tuple(f"--seed {seed}" for seed in range(groups)))
    for job in world.scheduler.jobs:
        job.ends(3)
    run = world.look()
    assert [group.state for group in run.groups] == [State.FAILED] * groups
    return run


def again(world: World, options: LaunchOptions, *numbers: int, **changes: str) -> Outcome:
    """Retry groups of the run."""
    view = View()
    return retry(world.project, world.find(), numbers, [], options, changes, runners=world, view=view)


def anew(world: World, options: LaunchOptions) -> Outcome:
    """Run the run again."""
    return rerun(world.project, world.find(), [], options, Repeat(), runners=world, ask=world.ask, view=View())


@EVERYWHERE
def test_a_retry_that_cannot_be_recorded_leaves_the_run_as_it_was(
    world: World, options: LaunchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = failed(world, options)
    with monkeypatch.context() as patch:
        patch.setattr("qanat.usecases.launch.attempt.Attempt.write_info", raising(WriteFailed("no space left")))
        with pytest.raises(WriteFailed):
            again(world, options, 1)
    assert world.recorded() == world.committed() == run
    assert world.journals() == []
    assert again(world, options, 1).run.groups[1].attempt == 2


def test_a_retry_that_the_scheduler_does_not_take_leaves_the_run_as_it_was(world: World) -> None:
    run = failed(world, SUBMITTED)
    world.scheduler.before_taking = raising(SubmitFailed("the queue is closed"))
    with pytest.raises(SubmitFailed):
        again(world, SUBMITTED, 0)
    assert world.recorded() == world.committed() == run


@pytest.mark.parametrize("groups", [1, 2])
def test_a_retry_that_the_scheduler_does_not_take_leaves_every_output_where_it_was(world: World, groups: int) -> None:
    run = failed(world, SUBMITTED, groups)
    folder = world.root / run.storage
    own = folder if groups == 1 else folder / "group_0"
    (own / "deep").mkdir(parents=True, exist_ok=True)
    for name in ("out.txt", "stdout.txt", "completion.json", "deep/file"):
        (own / name).write_text(f"first {name}")
    before = outputs(folder)
    world.scheduler.before_taking = raising(SubmitFailed("the queue is closed"))
    with pytest.raises(SubmitFailed):
        again(world, SUBMITTED, 0)
    assert outputs(folder) == before
    assert not (own / "attempts").exists()


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the files in a directory, without what describes the run."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("info.yaml", "job.sh"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.parent.name != "commands"}


def test_a_retry_that_another_qanat_has_begun_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal belongs to the other one, and so does what the record says."""
    failed(world, HERE)
    found = world.find()
    world.write("train.sh", ": >begun; while [ ! -e gate ]; do sleep 0.02; done\n")
    monkeypatch.setattr("qanat.usecases.launch.past_code.is_checked_out", lambda *_: True)
    begun, go_on = threading.Event(), threading.Event()

    def hold(name: str, what: object) -> None:
        if what == (0, State.RUNNING):
            begun.set()
            go_on.wait(60)

    first = threading.Thread(
        target=retry,
        args=(world.project, found, [0], [], HERE, {}),
        kwargs={"runners": world, "view": View(hold)},
    )
    first.start()
    begun.wait(60)
    with pytest.raises(UsageError, match="is being started by another qanat"):
        retry(world.project, found, [0], [], HERE, {}, runners=world, view=View())
    assert [group.state for group in world.recorded().groups] == [State.QUEUED, State.FAILED]
    (world.root / "gate").touch()
    go_on.set()
    first.join()
    assert [group.state for group in world.recorded().groups] == [State.FINISHED, State.FAILED]


def test_a_retry_that_is_refused_touches_no_file_that_another_qanat_sets_aside(world: World) -> None:
    """The other one may write the record and move files at any moment, also while this one gives up."""
    run = failed(world, HERE)
    found = world.find()
    set_aside(found.group_folder(0), 1, world.project.sharing)
    before = outputs(found.folder)
    watcher = Watcher(run.id, str(world.root), found.record, run.host, os.getpid(), "", os.geteuid())
    with (
        Journal(world.project.location.private, watcher),
        pytest.raises(UsageError, match="is being started by another qanat"),
    ):
        retry(world.project, found, [0], [], HERE, {}, runners=world, view=View())
    assert outputs(found.folder) == before
    assert world.recorded() == run


def test_a_retry_is_limited_as_it_is_asked_to_be(world: World) -> None:
    failed(world, SUBMITTED, 3)
    run = again(world, LaunchOptions("world", max_running=2), 0, 1, 2).run
    assert run.submission.max_running == 2
    assert world.scheduler.batches[-1].max_running == 2


@EVERYWHERE
@pytest.mark.parametrize("act", [lambda *how: again(*how, 0), anew], ids=["retry", "rerun"])
def test_who_commits_is_looked_up_before_anything_is_written(
    world: World, options: LaunchOptions, act: Callable[[World, LaunchOptions], Outcome]
) -> None:
    run = failed(world, options)
    world.git("config", "user.name", "")
    with pytest.raises(GitRefused, match="git does not know who you are"):
        act(world, options)
    assert world.recorded() == run
    assert os.listdir(world.root / "results/train") == ["run_1"]  # noqa: PTH208
    assert len(list((world.root / ".qanat/cache").glob("checkouts/*/train.sh"))) == (options is SUBMITTED)


def test_a_rerun_here_has_as_many_threads_as_the_run_had(world: World) -> None:
    start(world, LaunchOptions(n_threads=2), groups=("--seed 0", "--seed 1"))
    same, other = anew(world, HERE).run, anew(world, LaunchOptions(n_threads=3)).run
    assert [run.runner.options for run in (same, other)] == [{"n_threads": 2}, {"n_threads": 3}]
    assert same.rerun_of == world.recorded().id
