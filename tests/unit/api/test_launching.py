"""Launching runs from Python: what the keywords mean, what is told, and what is raised."""

from __future__ import annotations

import inspect
import re
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import pytest

import qanat
from qanat.api.spelling import with_keywords
from qanat.cli.commands.rerun import rerun as rerun_command
from qanat.cli.commands.retry import retry as retry_command
from qanat.cli.commands.run import run as run_command
from qanat.errors import GitRefused, InputInvalid, NotFound, QanatError, SubmitFailed, UsageError
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from tests.support.world import World

FAILS = "echo out; exit 3\n"


def program(world: World, script: str) -> None:
    """Let the experiment's program be this script."""
    world.write("train.sh", script)
    world.git("commit", "--quiet", "--all", "--message", "program")


# ---- what comes back


def test_a_local_run_has_ended_and_is_recorded_and_nothing_of_it_is_printed(
    world: World, project: qanat.Project, capfd: pytest.CaptureFixture[str]
) -> None:
    run = project.launch("train", ["--nbins", 20, "--lr", 0.1, "--from", Path("a b")])
    assert (run.state, run.number, run.runner) == ("finished", 1, "local")
    assert run.record == world.recorded() == world.committed()
    assert run.groups[0].args == ("--nbins", "20", "--lr", "0.1", "--from", "a b")
    assert run.path == world.root / "results/train/run_1"
    assert (run.path / "stdout.txt").read_text().startswith("--nbins 20 --lr 0.1 --from a b --storage_path ")
    assert capfd.readouterr() == ("", "")


def test_a_program_that_fails_is_told_by_the_state_and_raises_nothing(world: World, project: qanat.Project) -> None:
    program(world, FAILS)
    run = project.launch("train", groups=["--seed 0", "--seed 1"], fail_fast=True)
    assert [group.state for group in run.groups] == ["failed", "cancelled"]
    assert (run.state, run.groups[0].exit_code) == ("failed", 3)


def test_a_submitted_run_goes_on_unless_its_end_is_waited_for(world: World, project: qanat.Project) -> None:
    run = project.launch("train", runner="world", max_running=2, per_job=10, n_threads=3)
    assert (run.state, run.record.groups[0].job) == ("queued", "1.0")
    assert (world.scheduler.batches[0].max_running, world.scheduler.batches[0].at_once) == (2, 3)
    assert (run.record.submission.per_job, run.record.submission.at_once) == (10, 3)
    assert run.refresh().state == "queued"
    world.clock.after(5, lambda: [job.ends() for job in world.scheduler.jobs])
    assert project.launch("train", runner="world", wait=True).state == "finished"
    assert run.refresh().state == "finished"


def test_a_run_may_start_after_others(world: World, project: qanat.Project) -> None:
    first = project.launch("train", runner="world")
    with pytest.warns(UserWarning, match="^run 2 is held: once it may start"):
        second = project.launch("train", runner="world", after=[first])
    assert [(one.run, one.any) for one in second.record.after] == [(first.id, False)]
    with pytest.warns(UserWarning, match="^run 3 is held"):
        again = project.rerun(second, after=[f"{first.id}:any", second.number])
    assert [(one.run, one.any) for one in again.record.after] == [(first.id, True), (second.id, False)]
    world.scheduler.jobs[0].ends(1)
    with pytest.raises(UsageError, match="run 1 failed") as error:
        project.launch("train", after=[1])
    assert 'accept any end of it: after=["1:any"]' in error.value.hint


def test_the_keywords_of_a_launch_mean_what_the_options_mean(world: World, project: qanat.Project) -> None:
    world.write("grid.yaml", "fixed_args: {options: {--a: 1}}\n")
    world.write("parameters.json", "{}\n")
    world.git("add", ".")
    world.git("commit", "--quiet", "--message", "files")
    run = project.launch(
        "train",
        ["--n", "1"],
        groups=["--x 1", "--x 2"],
        ranges=["--seed 0 2"],
        param_file=world.root / "grid.yaml",
        parameters_file=str(world.root / "parameters.json"),
        storage_path=world.root.parent / "elsewhere",
        n_threads=2,
        tags=["paper", "paper", "first"],
        description="All of them",
    )
    record = run.record
    assert (len(run.groups), run.groups[3].args) == (4, ("--a", "1", "--n", "1", "--x", "2", "--seed", "1"))
    assert (record.requested.args, record.requested.groups) == (("--n", "1"), ("--x 1", "--x 2"))
    assert record.requested.ranges == ("--seed 0 2",)
    assert run.path == world.root.parent / "elsewhere"
    assert len(list(run.path.rglob("parameters.json"))) == 1
    assert (run.tags, run.description) == (("paper", "first"), "All of them")
    assert record.runner.options == {"n_threads": 2}


def test_uncommitted_changes_are_committed_kept_or_left_out(world: World, project: qanat.Project) -> None:
    head = world.head
    world.write("train.sh", "echo changed\n")
    snapshot = project.launch("train", snapshot=True)
    assert (snapshot.record.code.snapshot, (snapshot.path / "stdout.txt").read_text()) == (True, "changed\n")
    before = project.launch("train", commit_sha=head)
    assert (before.commit, before.record.code.workdir) == (head, "checkout")
    assert (before.path / "stdout.txt").read_text() != "changed\n"
    project.launch("train", commit_message="Change it")
    assert world.git("log", "-1", "--format=%s", "--", "train.sh") == "Change it"
    submitted = project.launch("train", runner="world", in_place=True)
    assert submitted.record.submission.checkout is None


def test_of_many_files_that_a_snapshot_lacks_only_the_first_are_named(world: World, project: qanat.Project) -> None:
    for number in range(25):
        world.write(f"secrets/{number:02}.pem", "")
    with pytest.warns(UserWarning, match="untracked, so not part of the recorded code: ") as warned:
        project.launch("train", snapshot=True)
    (note,) = [str(warning.message) for warning in warned]
    assert note.count(".pem") == 20
    assert note.endswith(", and 5 more")


def test_what_has_changed_in_the_project_since_it_was_opened_counts(world: World, project: qanat.Project) -> None:
    project.launch("train")
    world.set(result_dir="outputs")
    assert project.launch("train").path == world.root / "outputs/train/run_2"


# ---- running again, refreshing, cancelling


def test_a_run_is_repeated_as_a_new_one(world: World, project: qanat.Project) -> None:
    first = project.launch("train", groups=["--seed 0", "--seed 1"], n_threads=2)
    again = project.rerun(first)
    assert (again.number, again.record.rerun_of, again.tags) == (2, first.id, ("rerun",))
    assert again.record.runner.options == {"n_threads": 2}
    there = project.rerun(1, runner="world")
    assert (there.runner, there.state) == ("world", "queued")


def test_groups_are_retried_inside_their_run(world: World, project: qanat.Project) -> None:
    program(world, '[ "$2" = 0 ] || exit 3\n')
    run = project.launch("train", groups=["--seed 0", "--seed 1"])
    assert [group.record.attempt for group in project.retry(run).groups] == [1, 2]
    assert [group.record.attempt for group in project.retry(run.id, [0]).groups] == [2, 2]
    with pytest.raises(UsageError, match="group 0 of run 1 has finished"):
        project.retry(1, [0], failed=True)


def test_options_of_the_scheduler_are_changed_for_a_retry(world: World, project: qanat.Project) -> None:
    world.scheduler.changed = lambda options, changes: {**options, **changes}  # type: ignore[method-assign]
    project.launch("train", runner="world")
    for job in world.scheduler.jobs:
        job.ends(3)
    run = project.retry(1, changes={"mem": "2x"})
    assert (run.record.runner.options, run.record.submission.changed) == ({"mem": "2x"}, {"mem": "2x"})


def test_a_run_is_awaited_with_what_it_is_doing_on_the_way(world: World, project: qanat.Project) -> None:
    run = project.launch("train", runner="world")
    world.clock.after(1, lambda: next(world.scheduler.of(0)).starts())
    world.clock.after(2, lambda: next(world.scheduler.of(0)).ends(3))
    told: list[str] = []
    ended = run.wait(on_progress=lambda progress: told.append(str(progress)))
    assert (ended.state, run.state) == ("failed", "queued")
    assert told == [f"run {run.id}: 1 queued", f"run {run.id}: 1 running", f"run {run.id}: 1 failed"]
    assert ended.wait().state == "failed"


def test_some_groups_of_a_run_are_cancelled(world: World, project: qanat.Project) -> None:
    run = project.launch("train", groups=["0", "1"], runner="world").cancel([1])
    assert [group.state for group in run.refresh().groups] == ["queued", "cancelled"]
    with pytest.raises(UsageError, match="run 1 has no group 2"):
        run.cancel([2])


def test_a_submitted_run_is_cancelled(world: World, project: qanat.Project) -> None:
    run = project.launch("train", runner="world")
    run.cancel()
    assert run.refresh().state == "cancelled"
    with pytest.raises(UsageError, match="has already ended"):
        run.cancel()


# ---- progress


def test_progress_is_told_when_the_run_begins_and_whenever_a_group_begins_or_ends(
    world: World, project: qanat.Project
) -> None:
    program(world, '[ "$2" = 0 ] || exit 3\n')
    told: list[qanat.Progress] = []
    threads: list[int] = []

    def note(progress: qanat.Progress) -> None:
        told.append(progress)
        threads.append(threading.get_ident())

    run = project.launch("train", groups=["--seed 0", "--seed 1"], on_progress=note)
    assert [dict(progress.counts) for progress in told] == [
        {"queued": 2},
        {"queued": 1, "running": 1},
        {"queued": 1, "finished": 1},
        {"finished": 1, "running": 1},
        {"finished": 1, "failed": 1},
    ]
    assert [(p.groups, p.ended) for p in told] == [(2, 0), (2, 0), (2, 1), (2, 1), (2, 2)]
    assert {(p.run, p.path) for p in told} == {(run.id, run.path)}
    changed = [(p.changed.number, p.changed.state, p.changed.path.name) for p in told if p.changed]
    assert changed == [
        (0, "running", "group_0"),
        (0, "finished", "group_0"),
        (1, "running", "group_1"),
        (1, "failed", "group_1"),
    ]
    assert set(threads) == {threading.get_ident()}
    assert str(told[-1]) == f"run {run.id}: 1 finished, 1 failed"


@pytest.mark.parametrize("mistake", [ZeroDivisionError("division by zero"), SystemExit(7), KeyboardInterrupt()])
def test_what_on_progress_raises_is_raised_when_the_run_is_recorded(
    world: World, project: qanat.Project, mistake: BaseException
) -> None:
    told = 0

    def fail(progress: qanat.Progress) -> None:
        nonlocal told
        told += 1
        raise mistake

    with pytest.raises(type(mistake)) as raised:
        project.launch("train", groups=["--seed 0", "--seed 1"], on_progress=fail)
    run = project.run(1)
    assert (raised.value, told, run.state) == (mistake, 1, "finished")
    assert raised.value.__notes__ == [f"raised by on_progress; run {run.id} is recorded, and finished"]
    assert world.committed() == run.record


# ---- threads


def test_runs_are_launched_from_several_threads_beside_each_other(world: World, project: qanat.Project) -> None:
    program(world, 'echo "$2"; exit "$2"\n')
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda n: project.launch("train", ["--n", n]), range(4)))
    assert [run.groups[0].exit_code for run in runs] == [0, 1, 2, 3]
    assert sorted(run.number for run in runs) == [1, 2, 3, 4]
    assert [(run.path / "stdout.txt").read_text() for run in runs] == ["0\n", "1\n", "2\n", "3\n"]
    assert [project.run(run.id).record for run in runs] == [run.record for run in runs]


def test_a_run_of_another_thread_is_cancelled_from_here(
    world: World, project: qanat.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(world, "sleep 300\n")
    monkeypatch.setattr(world.clock, "sleep", time.sleep)
    begun = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        launched = threads.submit(project.launch, "train", on_progress=lambda progress: begun.set())
        begun.wait(60)
        cancelled = project.run(1).cancel()
    assert launched.result().record == cancelled.record == world.committed()
    assert cancelled.groups[0].record.reason == "cancelled by SIGTERM"


# ---- mistakes


@pytest.mark.parametrize("name", ["args", "groups", "ranges", "tags"])
def test_a_string_is_not_taken_for_a_list_of_characters(project: qanat.Project, name: str) -> None:
    keywords: dict[str, Any] = {name: "--seed 0 3"}
    meant = ["--seed", "0", "3"] if name == "args" else ["--seed 0 3"]
    with pytest.raises(TypeError) as raised:
        project.launch("train", **keywords)
    assert str(raised.value) == f"{name} is a list of strings, not a single string: {name}={meant!r}"


def test_a_mapping_is_not_taken_for_a_list_of_its_names(project: qanat.Project) -> None:
    mapping: Any = {"lr": 0.1, "--fast": True, "slow": False}
    with pytest.raises(TypeError) as raised:
        project.launch("train", mapping)
    assert str(raised.value) == "args is a list of strings, not a mapping: args=['--lr', '0.1', '--fast']"
    with pytest.raises(TypeError, match=re.escape("tags is a list of strings, not a mapping: tags=['a']")):
        project.launch("train", tags={"a": 1})  # type: ignore[arg-type]
    assert len(project.runs()) == 0


def test_one_string_of_arguments_may_hold_a_quote(project: qanat.Project) -> None:
    with pytest.raises(TypeError, match="args is a list of strings, not a single string"):
        project.launch("train", "--title it's")


def test_an_empty_tag_is_refused_before_anything_is_written(project: qanat.Project) -> None:
    with pytest.raises(InputInvalid, match="a tag cannot be empty"):
        project.launch("train", tags=[""])
    assert len(project.runs()) == 0


def test_a_number_that_is_a_string_is_refused(project: qanat.Project) -> None:
    with pytest.raises(UsageError, match="is '2'"):
        project.launch("train", n_threads="2")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("launch", "error", "message", "hint"),
    [
        (
            lambda project: project.launch("trian"),
            NotFound,
            "experiment 'trian' does not exist",
            "did you mean train?",
        ),
        (
            lambda project: project.launch("train", ranges=["seed 0 3"]),
            InputInvalid,
            "range 'seed 0 3': 'seed' is not an option",
            "start with an option, such as --seed, or with pos_0",
        ),
        (
            lambda project: project.launch("train", groups=["--x 'open"]),
            InputInvalid,
            'group "--x \'open": no closing quotation',
            "close the quote or escape it",
        ),
        (
            lambda project: project.launch("train", ranges=["--seed"]),
            InputInvalid,
            "range '--seed': a range is an option",
            'write it as ranges=["--seed 0 10 1"] or ranges=["--lr 0.1,0.01"]',
        ),
        (
            lambda project: project.launch("train", template="fast"),
            UsageError,
            "template cannot be used with runner local",
            'add runner="world"',
        ),
        (
            lambda project: project.launch("train", runner="world", fail_fast=True),
            UsageError,
            "fail_fast cannot be used with runner world",
            "it is for local runs",
        ),
        (
            lambda project: project.launch("train", runner="world", time_limit="none"),
            UsageError,
            'time_limit="none" cannot be used with runner world',
            "set the limit in a template",
        ),
        (
            lambda project: project.rerun(project.launch("train"), snapshot=True),
            UsageError,
            "a rerun runs the commit of the first run",
            "add head=True to run the code as it is now",
        ),
        (
            lambda project: project.launch("train", ranges=["--seed 0 30000"]),
            UsageError,
            "this run has 30,000 groups",
            "use many=True if that is intended",
        ),
        (
            lambda project: project.launch("train", n_threads=0),
            UsageError,
            "n_threads is 0",
            "use a whole number, 1 or more",
        ),
        (
            lambda project: project.launch("train", runner="world", max_running=-1),
            UsageError,
            "max_running is -1",
            "use a whole number, 1 or more",
        ),
        (
            lambda project: project.launch("train", storage_path=project.path),
            InputInvalid,
            "is the project",
            "use a new folder for each run, outside of the project",
        ),
        (
            lambda project: project.launch("train", commit_sha="nowhere"),
            GitRefused,
            "'nowhere' is not a commit of this repository",
            "list commits with: git log --oneline",
        ),
        (
            lambda project: project.retry(project.launch("train")),
            UsageError,
            "every group of run 1 has finished",
            "choose one with groups, or repeat the run: qanat rerun 1",
        ),
        (
            lambda project: project.retry(project.launch("train"), [0], changes={"mem": "2x"}),
            UsageError,
            "changes cannot be used with runner local",
            "leave it out",
        ),
        (
            lambda project: project.launch("train", commit_message=" "),
            UsageError,
            "commit_message is empty",
            "describe the changes",
        ),
    ],
)
def test_errors_are_those_of_the_command_and_name_keywords(
    project: qanat.Project, launch: Callable[[qanat.Project], object], error: type[QanatError], message: str, hint: str
) -> None:
    with pytest.raises(error) as raised:
        launch(project)
    assert message in raised.value.message
    assert raised.value.hint.startswith(hint)
    assert str(raised.value) == raised.value.message
    assert raised.value.__notes__ == [f"hint: {raised.value.hint}"]


def test_uncommitted_changes_are_refused_with_both_ways_out_as_keywords(world: World, project: qanat.Project) -> None:
    world.write("new.sh", "new\n")
    with pytest.raises(UsageError, match=r"there are uncommitted changes:\n  \?\? new.sh") as raised:
        project.launch("train")
    assert raised.value.hint == (
        "commit them (commit_message=TEXT, and add=[FILE] for each untracked file),"
        " run a snapshot of them (snapshot=True), or list files that are not code in .gitignore"
    )
    assert len(project.runs()) == 0


def test_what_a_scheduler_refuses_is_raised(world: World, project: qanat.Project) -> None:
    def refuse(batch: object) -> None:
        raise SubmitFailed("the queue is closed")

    world.scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed, match="the queue is closed"):
        project.launch("train", runner="world")
    assert len(project.runs()) == 0


def test_a_record_that_stays_uncommitted_is_a_warning_at_the_callers_line(world: World, project: qanat.Project) -> None:
    world.git("checkout", "--quiet", "--detach")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = project.launch("train")
    (warning,) = caught
    assert str(warning.message).startswith("the record of run 1 was saved, but not committed")
    assert warning.filename == __file__
    assert run.state == "finished"


# ---- what it has in common with the commands


CALLED_OTHERWISE = {
    "group_param": "groups",
    "range_param": "ranges",
    "tag": "tags",
    "submit_template": "template",
    "yes": "many",
    "group": "groups",
    "set": "changes",
}
# --engine and --gpu are keys of `container`.
ONLY_COMMANDS = {"plan", "dry_run", "show_script", "json", "help", "engine", "gpu", "print_number"}


@pytest.mark.parametrize(
    ("command", "method"),
    [
        (run_command, qanat.Project.launch),
        (rerun_command, qanat.Project.rerun),
        (retry_command, qanat.Project.retry),
    ],
    ids=["run", "rerun", "retry"],
)
def test_every_option_of_a_command_is_a_keyword(command: click.Command, method: Callable[..., object]) -> None:
    options = [p for p in command.params if isinstance(p, click.Option)]
    names = {max((o.lstrip("-") for o in p.opts), key=len).replace("-", "_") for p in options} - ONLY_COMMANDS
    keywords = set(inspect.signature(method).parameters) - {"self", "experiment", "args", "run", "on_progress"}
    assert {CALLED_OTHERWISE.get(name, name) for name in names} == keywords


def test_options_in_messages_are_replaced_by_keywords_but_not_in_whole_commands() -> None:
    options = {o for command in (run_command, rerun_command, retry_command) for p in command.params for o in p.opts}
    named = {option for option in options if option.removeprefix("--").replace("-", "_") not in ONLY_COMMANDS}
    assert [option for option in named if option.startswith("--") and with_keywords(option) == option] == []
    assert with_keywords("--detach and --wait exclude each other") == "detach and wait exclude each other"
    assert with_keywords("see it with: qanat show 4 --group 2; or add --head") == (
        "see it with: qanat show 4 --group 2; or add head=True"
    )


def test_the_defaults_are_those_of_the_use_case() -> None:
    defaults = {name: p.default for name, p in inspect.signature(qanat.Project.launch).parameters.items()}
    options, request = LaunchOptions(n_threads=1), RunRequest("train")
    for name in ("runner", "template", "n_threads", "fail_fast", "wait", "cancel_on_interrupt", "max_running"):
        assert defaults[name] == getattr(options, name)
    for name in ("groups", "ranges", "param_file", "storage_path", "tags", "description", "many", "in_place"):
        assert defaults[name] == getattr(request, name)
