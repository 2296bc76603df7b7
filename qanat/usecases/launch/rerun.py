"""Running again: a whole run as a new one, or only what did not succeed inside the same one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.domain.completion import COMPLETION
from qanat.domain.experiment import CHECKOUT, Experiment, Program
from qanat.domain.layout import group_folder
from qanat.domain.run import Group, Run, RunnerChoice, State, SubmissionFacts
from qanat.errors import InputInvalid, NotFound, QanatError, UsageError, write_failed
from qanat.git import worktree
from qanat.records import storage
from qanat.runners.protocol import AttachedRunner, Runner, Runners
from qanat.usecases.launch import checkouts, parameter_copies
from qanat.usecases.launch import code as capture_code
from qanat.usecases.launch import inputs as run_inputs
from qanat.usecases.launch.checkouts import Workplace
from qanat.usecases.launch.code import Captured
from qanat.usecases.launch.follow import Setting, follow_run
from qanat.usecases.launch.options import LaunchOptions, check_options, choose
from qanat.usecases.launch.plan import Plan
from qanat.usecases.launch.start import own_processes, start
from qanat.usecases.launch.submit import new_intent, submit
from qanat.usecases.launch.view import LaunchView, Outcome, RunView
from qanat.usecases.merging import keep_commits
from qanat.usecases.project import Project
from qanat.usecases.tracking import record
from qanat.usecases.tracking.find import Found, check_ended, check_group

ATTEMPTS = "attempts"
TAG = "rerun"
# What belongs to the run and not to one attempt of a group.
_STAYS = frozenset({ATTEMPTS, storage.INFO, storage.GROUP_INFO, storage.PARAMETERS_FILES, "actions.yaml"})


def rerun(
    project: Project, found: Found, live: list[Run], options: LaunchOptions, runners: Runners, view: LaunchView
) -> Outcome:
    """Run an earlier run again as a new one, with its code, parameters, parameters file and data.

    A scheduler gets the options that the run had, unless another template is chosen. `live` are the active runs.
    Raises GitRefused when the run's commit is gone, InputInvalid when its data or its parameters file are.
    """
    options = options.like(found.run.runner)
    check_options(options, runners)
    choice = _choice_like(project, found.run, options, runners)
    author = capture_code.check_committer(project)
    plan, captured = _plan(project, found, live)
    return start(project, plan, captured, author, choice, options, runners, view)


def _choice_like(project: Project, run: Run, options: LaunchOptions, runners: Runners) -> RunnerChoice:
    """Return the runner and the options of a run; others when other ones are chosen, and for a run of this machine."""
    if options.template or options.runner != run.runner.name or runners.is_attached(options.runner):
        return choose(project, options, len(run.groups), runners)
    return run.runner


def _plan(project: Project, found: Found, live: list[Run]) -> tuple[Plan, Captured]:
    run = found.run
    keep_commits.check_here(project, run)
    kept = parameter_copies.find(found)
    words = parameter_copies.words_for(project, run, kept)
    _check_inputs(project, run, words.instead)
    place = checkouts.in_checkout(project, run.code.commit, run.datasets, words.groups, live, words.instead)
    _check_data(run, place)
    branch = worktree.checked_out(project.location)
    code = replace(run.code, branch=branch, workdir=CHECKOUT, changed_while_running=None)
    plan = Plan(
        experiment=_experiment(project, run),
        command=run.command,
        datasets=run.datasets,
        requested=words.requested,
        groups=words.groups,
        place=place,
        parameters_file=kept,
        tags=tuple(dict.fromkeys((*run.tags, TAG))),
        description=run.description,
        rerun_of=run.id,
    )
    return plan, Captured(code, run.code.commit, frozenset())


def chosen_groups(found: Found, numbers: Sequence[int], *, failed: bool) -> list[int]:
    """Choose the groups to run again: these, or all that failed, were cancelled or are lost. Raises UsageError."""
    check_ended(found, "none of its groups can be run again")
    again = [g.number for g in found.run.groups if g.state is not State.FINISHED]
    if numbers:
        chosen = sorted({check_group(found, number) for number in numbers})
        return [number for number in chosen if number in again] if failed else chosen
    if not again:
        raise UsageError(
            f"every group of run {found.run.number} has finished",
            hint="name one: --group I, or run it anew: qanat rerun",
        )
    return again


def retry(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    live: list[Run],
    options: LaunchOptions,
    changes: Mapping[str, str],
    runners: Runners,
    view: LaunchView,
) -> Outcome:
    """Run groups again inside their run, with the same code; the outputs of earlier attempts are kept.

    `changes` set options of the run's template for a scheduler. `live` are the active runs.
    """
    options = options.like(found.run.runner)
    check_options(options, runners)
    capture_code.check_committer(project)
    if runners.is_attached(options.runner):
        if changes:
            what = f"--set cannot be used with runner {options.runner}"
            raise UsageError(what, hint="leave it out")
        runner = runners.attached(options.runner, options.slots)
        runner.check()
        return _retry_here(project, found, numbers, runner, view, live, fail_fast=options.fail_fast)
    from qanat.usecases.launch.wait import after_submission  # a local run starts without it

    submit_to = runners.submitting(options.runner)
    choice = choose(project, options, len(numbers), runners) if options.template else found.run.runner
    choice = replace(choice, options=submit_to.changed(choice.options, changes))
    if problems := submit_to.key_problems(choice.options):
        raise UsageError(problems[0], hint="see which options the run has: qanat show RUN --json")
    outcome = _retry_submitted(project, found, numbers, submit_to, live, choice, changes)
    return after_submission(project, outcome, options, runners, view)


def _retry_here(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    runner: AttachedRunner,
    view: RunView,
    live: list[Run],
    *,
    fail_fast: bool,
) -> Outcome:
    place = _place_again(project, found, live)
    before = capture_code.as_checked_out(project, found.run.code)
    with runner:
        again = _again(project, found, numbers, own_processes(_checkout(project, place)))
        return follow_run(
            project,
            again,
            _setting(project, found, place),
            numbers,
            runner,
            view,
            changed_code=lambda: place.folder == project.root and capture_code.changed_since(project, before),
            fail_fast=fail_fast,
        )


def _retry_submitted(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    runner: Runner,
    live: list[Run],
    choice: RunnerChoice,
    changes: Mapping[str, str],
) -> Outcome:
    place = _place_again(project, found, live)
    intent = replace(new_intent(project.clock.now(), _checkout(project, place)), changed=dict(changes))
    again = _again(project, found, numbers, intent, choice)
    return submit(project, again, _setting(project, found, place), numbers, runner)


def _place_again(project: Project, found: Found, live: list[Run]) -> Workplace:
    """Give a place with the run's code and parameters file: the project when it holds just that, or a checkout."""
    run, kept = found.run, parameter_copies.find(found)
    words, as_kept = parameter_copies.words_for(project, run, kept), parameter_copies.is_as_kept(project, run, kept)
    groups = tuple(group.args for group in run.groups)
    if not as_kept and words.groups != groups:
        raise InputInvalid(
            f"the parameters file {run.requested.parameters_file} has changed since run {run.number} was launched",
            hint=f"run it again with the file that was kept: qanat rerun {run.number}",
        )
    if run.code.workdir != CHECKOUT and as_kept and capture_code.is_here(project, run.code):
        place = checkouts.in_project(project, run.datasets)
    else:
        keep_commits.check_here(project, run)
        place = checkouts.in_checkout(project, run.code.commit, run.datasets, groups, live, words.instead)
    _check_inputs(project, run, words.instead)
    _check_data(run, place)
    return place


def _checkout(project: Project, place: Workplace) -> str | None:
    return None if place.folder == project.root else project.paths.relative(place.folder)


@dataclass(frozen=True, slots=True)
class _Again:
    """Groups of a run that has ended, to be started once more: `run` has them queued."""

    project: Project
    found: Found
    run: Run
    numbers: tuple[int, ...]

    def write(self) -> Run:
        """Queue the groups in the record, and set aside what their last attempts left."""
        run, _ = record.update_record(self.project, self.found.record, self._queued)
        try:
            for number in self.numbers:
                _set_aside(self.found, self.found.run.groups[number])
        except QanatError:
            self.undo()
            raise
        return run

    def undo(self) -> None:
        """Record the last attempts' ends again."""
        record.update_record(self.project, self.found.record, self._ended)

    def _queued(self, now: Run) -> Run:
        before = self.found.run
        if any(now.groups[n].attempt != before.groups[n].attempt for n in self.numbers) or not now.state.ended:
            raise UsageError(
                f"run {now.number} is being retried by another qanat", hint=f"see how it is doing: qanat show {now.id}"
            )
        return self._with(now, self.run)

    def _ended(self, now: Run) -> Run:
        return self._with(now, self.found.run)

    def _with(self, now: Run, source: Run) -> Run:
        groups = {n: source.groups[n] for n in self.numbers}
        return replace(now.with_groups(groups), runner=source.runner, submission=source.submission)


def _again(
    project: Project,
    found: Found,
    numbers: Sequence[int],
    submission: SubmissionFacts,
    choice: RunnerChoice | None = None,
) -> _Again:
    last = {n: found.run.groups[n] for n in numbers}
    again = {n: Group(n, group.args, attempt=group.attempt + 1) for n, group in last.items()}
    submission = replace(submission, inputs=found.run.submission.inputs)
    run = replace(found.run.with_groups(again), submission=submission, runner=choice or found.run.runner)
    return _Again(project, found, run, tuple(numbers))


def _setting(project: Project, found: Found, place: Workplace) -> Setting:
    return Setting(found.folder, place, _experiment(project, found.run).metrics)


def _set_aside(found: Found, group: Group) -> None:
    """Move what an attempt left into `attempts/<n>/` of its group's directory."""
    own = group_folder(found.folder, group.number, len(found.run.groups))
    kept = own / ATTEMPTS / str(group.attempt)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        # The completion file first: without it no reader can take the old end for the new attempt's.
        for entry in sorted(own.iterdir(), key=lambda e: e.name != COMPLETION):
            if entry.name not in _STAYS:
                shutil.move(entry, kept / entry.name)
    except OSError as error:
        raise write_failed(kept, error) from None


def _check_data(run: Run, place: Workplace) -> None:
    for name, path in place.datasets.items():
        if not path.exists():
            raise InputInvalid(
                f"dataset {name} of run {run.number}: {path} is not there any more",
                hint="bring it back, or run it with other data: qanat run",
            )


def _check_inputs(project: Project, run: Run, instead: Mapping[str, Path]) -> None:
    run_inputs.check_there(project, run.number, [path for path in run.submission.inputs if path not in instead])


def _experiment(project: Project, run: Run) -> Experiment:
    """Give today's experiment for its metrics; what ran comes from the record."""
    try:
        return project.experiment(run.experiment)
    except (InputInvalid, NotFound):
        return Experiment(run.experiment, Program(run.command[-1]))
