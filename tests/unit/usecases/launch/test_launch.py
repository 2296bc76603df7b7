"""Launching a run: in which order, who is asked, and what is left when it cannot be done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run, State
from qanat.errors import (
    GitRefused,
    InputInvalid,
    NotFound,
    QanatError,
    RunnerUnavailable,
    SubmitFailed,
    SubmitUnknown,
    UsageError,
    WriteFailed,
)
from qanat.records import numbers
from qanat.runners.local import wrapper
from qanat.usecases.launch.code import Ask, Changes, Uncommitted
from qanat.usecases.launch.launch import launch
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.launch.previewing import preview
from qanat.usecases.launch.view import Outcome
from tests.support.world import View, World

HERE = LaunchOptions()
SUBMITTED = LaunchOptions("world")
EVERYWHERE = pytest.mark.parametrize("options", [HERE, SUBMITTED], ids=["local", "submitted"])
# An error is what a person sees; a bug and Ctrl-C end a launch too.
FAILURES = {"error": WriteFailed("no space left"), "bug": ValueError("a bug"), "Ctrl-C": KeyboardInterrupt()}
FAILING = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


def start(
    world: World,
    options: LaunchOptions = HERE,
    *,
    ask: Ask | None = None,
    view: View | None = None,
    **request: Any,
) -> Outcome:
    """Launch a run of the experiment."""
    asked = RunRequest("train", **request)
    return launch(world.project, asked, options, runners=world, ask=ask or world.ask, view=view or View())


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises an error, whatever it is called with."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def files_of(world: World) -> dict[str, str]:
    """List every file of the project and of its repository with its content, without the cache and the index."""
    found = (path for path in sorted(world.root.rglob("*")) if path.is_file())
    kept = (path for path in found if ".qanat/cache" not in str(path) and not path.name.endswith(("lock", ".sqlite")))
    return {str(path.relative_to(world.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def nothing_is_left(world: World) -> None:
    """Check that no run was launched, as far as anybody can see."""
    assert list(world.root.glob(".qanat/runs/*/*/*")) == []
    assert list(world.root.glob("results/*/*")) == []
    assert world.journals() == []
    assert world.git("for-each-ref", "refs/qanat") == ""
    assert numbers.peek(world.project.location.private, world.project.paths.runs) == 1
    assert world.subjects() == []


# ---- the order


def test_a_local_run_is_recorded_before_it_begins_and_committed_when_it_has_ended(world: World) -> None:
    states: list[State] = []
    view = View(lambda *_: states.append(world.recorded().state))
    outcome = start(world, view=view, args=("--n", "1"))
    assert view.events == [
        ("begins", world.root / "results/train/run_1"),
        ("changed", (0, State.RUNNING)),
        ("changed", (0, State.FINISHED)),
    ]
    assert states == [State.QUEUED] * 3  # the record is not rewritten meanwhile
    assert outcome.run == world.recorded() == world.committed()
    assert (outcome.run.state, outcome.notes, outcome.interrupted) == (State.FINISHED, (), None)
    assert (world.root / "results/train/run_1/stdout.txt").read_text().startswith("--n 1 --storage_path ")
    assert world.journals() == []


def test_a_submitted_run_is_recorded_before_the_scheduler_is_asked_and_committed_with_its_jobs(world: World) -> None:
    before: list[Run] = []
    world.scheduler.before_taking = lambda batch: before.append(world.recorded())
    view = View()
    outcome = start(world, SUBMITTED, view=view, groups=("--seed 0", "--seed 1"))
    (recorded,) = before
    assert [(group.state, group.job) for group in recorded.groups] == [(State.QUEUED, None)] * 2
    assert recorded.submission.intent == world.scheduler.batches[0].intent
    assert view.events == [("submitted", ["1.0", "1.1"])]
    assert [group.job for group in outcome.run.groups] == ["1.0", "1.1"]
    assert outcome.run == world.recorded() == world.committed()


def test_what_a_scheduler_needs_is_prepared_before_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = raising(RunnerUnavailable("nothing is looked at before"))
    monkeypatch.setattr(world.scheduler, "prefetch", refuse, raising=False)
    with pytest.raises(RunnerUnavailable):
        start(world, SUBMITTED, ranges=("no range",))


# ---- previews


@EVERYWHERE
@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_a_preview_writes_nothing_and_shows_what_a_launch_then_does(
    world: World, options: LaunchOptions, revision: str | None
) -> None:
    request = RunRequest("train", groups=("--n 1", "--n 2"), revision=revision)
    before = files_of(world)
    shown = preview(world.project, request, options, world)
    assert files_of(world) == before
    start(world, options, groups=("--n 1", "--n 2"), revision=revision)
    assert [group.args for group in shown.groups] == [group.args for group in world.recorded().groups]
    assert [group.storage for group in shown.groups] == [f"{world.root}/results/train/run_1/group_{i}" for i in (0, 1)]
    if options is SUBMITTED:
        (batch,) = world.scheduler.batches
        assert [group.command for group in shown.groups] == [job.command for job in batch.jobs]
        assert str(batch.jobs[0].workdir) in shown.script
    else:
        assert shown.script == ""


# ---- who is asked


class Asked:
    """Whoever answers what is to be done with changes, and keeps what was asked."""

    def __init__(self, answer: Uncommitted) -> None:
        self.answer = answer
        self.questions: list[list[str]] = []

    def __call__(self, changes: Changes, wanted: Uncommitted) -> Uncommitted:
        """Answer."""
        self.questions.append(list(changes.lines))
        return self.answer


def test_nobody_is_asked_about_a_clean_tree(world: World) -> None:
    asked = Asked(Uncommitted())
    start(world, ask=asked)
    start(world, ask=asked, uncommitted=Uncommitted("message"))
    assert asked.questions == []


@EVERYWHERE
def test_somebody_is_asked_about_changes_and_their_answer_is_followed(world: World, options: LaunchOptions) -> None:
    world.write("new.sh", "new\n")
    asked = Asked(Uncommitted(snapshot=True))
    head = world.head
    assert start(world, options, ask=asked).run.code.snapshot
    assert asked.questions == [["?? new.sh"]]
    assert world.git("rev-parse", "HEAD~") == head  # and after it the record
    asked.answer = Uncommitted("all of it", add=("new.sh",))
    assert not start(world, options, ask=asked).run.code.snapshot
    assert world.git("log", "-1", "--format=%s", "--", "new.sh") == "all of it"


@pytest.mark.parametrize("wanted", [Uncommitted("message", others_left_out=True), Uncommitted(snapshot=True)])
def test_nobody_is_asked_about_changes_when_the_request_says_what_to_do(world: World, wanted: Uncommitted) -> None:
    world.write("new.sh", "new\n")
    asked = Asked(Uncommitted())
    start(world, ask=asked, uncommitted=wanted)
    assert asked.questions == []


def test_nobody_is_asked_about_the_code_of_a_commit(world: World) -> None:
    world.write("new.sh", "new\n")
    asked = Asked(Uncommitted())
    assert start(world, ask=asked, revision="HEAD").run.code.workdir == "checkout"
    assert asked.questions == []


# ---- what is refused before anything is written


@pytest.fixture
def nobody(world: World) -> None:
    """Let git not know who commits."""
    world.git("config", "user.name", "")


@EVERYWHERE
@pytest.mark.usefixtures("nobody")
def test_who_commits_is_looked_up_before_anything_is_written(world: World, options: LaunchOptions) -> None:
    world.write("new.sh", "new\n")
    before = files_of(world)
    asked = Asked(Uncommitted("a commit"))
    with pytest.raises(GitRefused, match="git does not know who you are"):
        start(world, options, ask=asked)
    assert asked.questions == []
    assert files_of(world) == before


class Stopped(Exception):
    """Somebody was asked, and wants to stop."""


def unknown_experiment(world: World) -> None:
    launch(world.project, RunRequest("trian"), HERE, runners=world, ask=world.ask, view=View())


def broken_template(world: World) -> None:
    world.scheduler.key_problems = lambda options: ["there is no key 'x'"]  # type: ignore[method-assign]
    start(world, SUBMITTED)


def nobody_answers(world: World) -> None:
    world.write("new.sh", "new\n")
    start(world)


def somebody_stops(world: World) -> None:
    world.write("new.sh", "new\n")
    start(world, ask=raising(Stopped()))


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (unknown_experiment, NotFound),
        (lambda world: start(world, ranges=("seed 0 3 1",)), InputInvalid),
        (lambda world: start(world, revision="no-such-branch"), GitRefused),
        (lambda world: start(world, param_file=world.root / "missing.yaml"), InputInvalid),
        (lambda world: start(world, parameters_file=world.root / "missing.json"), InputInvalid),
        (lambda world: start(world, LaunchOptions(template="fast")), UsageError),
        (lambda world: start(world, LaunchOptions("world", fail_fast=True)), UsageError),
        (lambda world: start(world, LaunchOptions("word")), UsageError),
        (lambda world: start(world, LaunchOptions("world", template="fast")), NotFound),
        (broken_template, UsageError),
        (nobody_answers, UsageError),
        (somebody_stops, Stopped),
        (lambda world: start(world, storage_path=world.root / ".qanat"), InputInvalid),
    ],
)
def test_what_is_refused_leaves_nothing(
    world: World, refused: Callable[[World], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        refused(world)
    nothing_is_left(world)


def test_a_runner_that_cannot_start_anything_here_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapper, "SHELL", "/no/such/sh")
    with pytest.raises(RunnerUnavailable):
        start(world)
    nothing_is_left(world)


# ---- what fails on the way


WRITTEN = [
    "qanat.git.identity.keep_snapshot",
    "qanat.records.storage.keep_parameters_file",
    "qanat.usecases.tracking.record.create_record",
    "qanat.usecases.launch.attempt.Attempt.write_info",
]
JOURNAL = "qanat.records.flight.Journal._write"


@EVERYWHERE
@pytest.mark.parametrize(
    ("step", "failure"),
    [*((step, failure) for step in WRITTEN for failure in FAILURES.values()), (JOURNAL, FAILURES["error"])],
    ids=lambda value: value.rpartition(".")[2] if isinstance(value, str) else type(value).__name__,
)
def test_a_step_that_fails_leaves_nothing(
    world: World, options: LaunchOptions, step: str, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("new.sh", "new\n")
    parameters = world.write("parameters.json", "{}\n")
    with monkeypatch.context() as patch:
        patch.setattr(step, raising(failure))
        with pytest.raises(type(failure)):
            start(world, options, parameters_file=parameters, uncommitted=Uncommitted(snapshot=True))
    nothing_is_left(world)
    assert start(world, options, uncommitted=Uncommitted(snapshot=True)).run.number == 1


def test_a_directory_of_ones_own_that_is_not_empty_takes_no_number(world: World, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(InputInvalid, match="is not an empty folder"):
        start(world, storage_path=tmp_path / "full")
    nothing_is_left(world)
    assert (tmp_path / "full/file").exists()


def test_a_counter_that_cannot_be_written_leaves_no_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("qanat.records.numbers.raise_to", raising(WriteFailed("no space left")))
        with pytest.raises(WriteFailed):
            start(world)
    nothing_is_left(world)


def test_a_directory_that_is_there_already_is_passed_over(world: World) -> None:
    (world.root / "results/train/run_1").mkdir(parents=True)
    assert start(world).run.storage == "results/train/run_2"


@FAILING
def test_a_view_that_fails_before_anything_runs_leaves_nothing(world: World, failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        start(world, view=View(raising(failure)))
    nothing_is_left(world)


@FAILING
def test_a_view_that_fails_while_a_program_runs_ends_it_and_the_run_is_recorded(
    world: World, failure: BaseException
) -> None:
    world.write("train.sh", "sleep 300\n")
    world.git("commit", "--quiet", "--all", "--message", "wait")

    def fail(name: str, what: object) -> None:
        if what == (0, State.RUNNING):
            raise failure

    with pytest.raises(type(failure)):
        start(world, view=View(fail), args=("--n", "1"))
    run = world.recorded()
    assert run == world.committed()
    assert run.groups[0].reason.startswith("how it ended is unknown: ")
    assert world.journals() == []
    assert world.look().state is State.LOST


def test_a_scheduler_that_takes_nothing_leaves_nothing(world: World) -> None:
    world.scheduler.before_taking = raising(SubmitFailed("the queue is closed"))
    with pytest.raises(SubmitFailed):
        start(world, SUBMITTED)
    nothing_is_left(world)


@pytest.mark.parametrize(
    "failure",
    [SubmitUnknown("it did not say"), ValueError("a bug"), KeyboardInterrupt()],
    ids=["unknown", "bug", "Ctrl-C"],
)
@pytest.mark.parametrize("taken", [True, False])
def test_a_scheduler_that_did_not_answer_is_asked_by_the_next_look(
    world: World, failure: BaseException, taken: bool
) -> None:
    """This process lives on, as a notebook does: its journal must not keep others from looking."""
    scheduler = world.scheduler
    if taken:
        scheduler.after_taking = raising(failure)
    else:
        scheduler.before_taking = raising(failure)
    with pytest.raises(type(failure)):
        start(world, SUBMITTED)
    assert world.journals() == []
    if taken:
        assert world.look().groups[0].job == "1.0"
    else:
        world.look()
        world.clock.move(60)
        assert world.look().state is State.CANCELLED
        assert world.look().groups[0].reason.startswith("nothing was submitted")


def test_jobs_that_could_not_be_recorded_are_found_by_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("qanat.usecases.tracking.record.update_record", raising(WriteFailed("no space left")))
        with pytest.raises(WriteFailed):
            start(world, SUBMITTED)
    assert world.look().groups[0].job == "1.0"
    assert world.journals() == []


# ---- places


def test_a_checkout_is_claimed_while_the_run_starts_and_no_longer(world: World) -> None:
    for _ in range(3):
        start(world, SUBMITTED)
    (checkout,) = {run.submission.checkout for run in map(world.recorded, (1, 2, 3))}
    assert checkout is not None
    opened = len(list(Path("/proc/self/fd").iterdir()))
    start(world, SUBMITTED)
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


def test_a_checkout_is_left_when_its_run_could_not_be_started_and_serves_the_next(world: World) -> None:
    world.scheduler.before_taking = raising(SubmitFailed("the queue is closed"))
    with pytest.raises(SubmitFailed):
        start(world, SUBMITTED)
    world.scheduler.before_taking = lambda batch: None
    start(world, SUBMITTED)
    assert len(list((world.root / ".qanat/cache/checkouts").glob("*/train.sh"))) == 1


def test_every_error_of_a_launch_is_one_of_qanats_with_a_next_step(world: World) -> None:
    world.write("new.sh", "new\n")
    with pytest.raises(QanatError) as raised:
        start(world)
    assert raised.value.hint


def test_untracked_files_that_only_qanat_reads_are_not_missing_from_the_commit(world: World) -> None:
    world.write("notes.txt", "")
    world.write("mine.yaml", "queue: long\n")
    view = View()
    outcome = start(world, LaunchOptions("world", template=str(world.root / "mine.yaml")), view=view)
    assert outcome.run.runner.options == {"queue": "long"}
    assert outcome.run.code.untracked == ("notes.txt",)
    assert ("captured", [[], ["notes.txt"]]) in view.events
    world.write("grid.yaml", "fixed_args: {options: {--seed: 1}}\n")
    world.write("copied.txt", "")
    world.write(".qanat/datasets/more.yaml", "name: more\npath: .\n")
    request = {"param_file": world.root / "grid.yaml", "parameters_file": world.root / "copied.txt"}
    outcome = start(world, view=view, **request)
    assert outcome.run.code.untracked == (".qanat/datasets/more.yaml", "mine.yaml", "notes.txt")
    assert view.events.count(("captured", [[], ["mine.yaml", "notes.txt"]])) == 1
