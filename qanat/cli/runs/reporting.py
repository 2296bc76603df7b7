"""Reports on how a run ended, and on its groups."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from qanat.cli import session
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, listed, plural, tell, tell_note
from qanat.domain import pauses, times
from qanat.domain.completion import is_not_found
from qanat.domain.parameters import by_name
from qanat.domain.run import Group, Run, State, count_states, described, overall_state
from qanat.errors import EXIT_FAILED
from qanat.usecases.launch.view import Outcome
from qanat.usecases.project import Project

if TYPE_CHECKING:
    from qanat.usecases.runs.failures import Failure

FAILURES_SHOWN = 10
GROUPS_NAMED = 5
GROUPS_SHOWN = 50
JOBS_NAMED = 5
METRICS_SHOWN = 4
PARAMETERS_SHOWN = 1_000
ARGUMENTS_MAX = 400
EARLIER_SHOWN = 3
NAME_SHOWN_MAX = 100
CHANGED = "files changed while it ran, so that its groups may have run different code"


def tell_notes(notes: Iterable[str]) -> None:
    """Print notes, each only once, since a command that waits may receive them again and again."""
    for note in notes:
        if note not in (shown := session.current().shown):
            shown.add(note)
            tell_note(note)


def report(project: Project, outcome: Outcome, *, shown: bool = True) -> int:
    """Report how a run ended, if it has, and where its files are; return the exit code.

    `shown` says that the output of a single group has been shown.
    """
    run = outcome.run
    tell_notes(outcome.notes)
    if not outcome.is_new:
        tell("nothing to run: every group has been run already")
        return 0
    if not run.state.ended:
        return _report_left(outcome)
    groups = [group for group in run.groups if group.number in outcome.groups] or list(run.groups)
    state = overall_state(group.state for group in groups)
    tell(f"{_what(run, groups)} {state}{_took(groups)}: {run.storage}")
    if failed := [group for group in groups if group.state is State.FAILED]:
        _report_failures(project, run, failed, shown=shown and run.submission.pid is not None)
    elif state is not State.FINISHED and not (outcome.interrupted and len(groups) == 1):
        _report_missing(run, groups)
    if run.code.changed_while_running:
        tell(f"warning: {CHANGED}")
    if outcome.interrupted:
        return 128 + outcome.interrupted
    return 0 if state is State.FINISHED else EXIT_FAILED


def _what(run: Run, groups: Sequence[Group]) -> str:
    """Name a run, or those of its groups that were retried."""
    if len(groups) == len(run.groups):
        return f"Run {run.number} of {run.experiment}"
    which = f"group {groups[0].number}" if len(groups) == 1 else f"{len(groups):,} of {len(run.groups):,} groups"
    return f"Run {run.number} of {run.experiment}: retried {which},"


def _report_failures(project: Project, run: Run, failed: Sequence[Group], *, shown: bool) -> None:
    found = _failures(project, run)
    tell(f"qanat: {len(failed):,} of {plural(len(run.groups), 'group')} failed")
    tell("\n".join(_failure_lines(project, run, found, quote=len(run.groups) > 1 or not shown)))
    tell(_how_to_repeat(run, failed, found))


def _how_to_repeat(run: Run, failed: Sequence[Group], found: Sequence[Failure]) -> str:
    it = "it" if len(failed) == 1 else "them"
    anew = f"qanat rerun {run.number} --failed --head"
    name = shlex.quote(run.experiment)
    if refused := next((failure.refused for failure in found if failure.refused), ""):
        from qanat.domain.program_help import PURPOSE

        return f"  hint: let the program accept {refused}, {PURPOSE[refused]}\n        and then: {anew}"
    if found and all(failure.is_of_arguments for failure in found):
        correct = f"  hint: correct the arguments in a new run: qanat run {name} …"
        return f"{correct}\n        or, once the code is changed: {anew}"
    if not any(_is_command_not_found(run, group) for group in failed):
        return f"  hint: run {it} again with: qanat retry {run.number}\n        or, once the code is changed: {anew}"
    program, *options = run.command
    command = shlex.quote(shlex.join([f"/path/to/{program}", *options[:-1]]))
    return (
        f"  hint: activate the environment that has {program}, and run {it} again with: qanat retry {run.number}\n"
        f"        or name its path: qanat experiment update {name} --executable-command {command} --commit\n"
        f"        and then: {anew}"
    )


def _report_missing(run: Run, groups: Sequence[Group]) -> None:
    """Count the groups that did not finish, none of which failed, and say how to run them again."""
    counts = count_states(groups)
    finished = counts.pop(State.FINISHED, 0)
    if len(groups) > 1:
        others = ", ".join(f"{count:,} {state}" for state, count in counts.items())
        tell(f"qanat: {finished:,} of {plural(len(groups), 'group')} finished, {others}")
    which = "it" if len(groups) - finished == 1 else "them"
    tell(f"  hint: run {which} again with: qanat retry {run.number}")


def failure_lines(project: Project, run: Run, *, quote: bool = True) -> list[str]:
    """List why groups failed, alike ones together; with quote, each with its last lines on stderr."""
    return _failure_lines(project, run, _failures(project, run), quote=quote)


def _failures(project: Project, run: Run) -> list[Failure]:
    from qanat.usecases.runs.failures import failures  # only for a run that failed

    return failures(project, run)


def _failure_lines(project: Project, run: Run, found: Sequence[Failure], *, quote: bool) -> list[str]:
    lines = []
    for failure in found[:FAILURES_SHOWN]:
        count = len(failure.groups)
        who = (
            f"group {failure.groups[0]}"
            if count == 1
            else f"{count:,} groups ({listed([*map(str, failure.groups)], GROUPS_NAMED)})"
        )
        see = f"; see {project.paths.relative(failure.file)}" if failure.is_in_file else ""
        lines.append(f"  {who}: {failure.reason}{see}")
        lines += [f"    {line}" for line in failure.lines] if quote else []
    shown = sum(len(failure.groups) for failure in found[:FAILURES_SHOWN])
    left = sum(group.state is State.FAILED for group in run.groups) - shown
    return [*lines, *([f"  … and {left:,} more"] if left else []), *_path_lines(run)]


def _path_lines(run: Run) -> list[str]:
    """Return a line on where the PATH of a program that was not found comes from; none if that is unknown."""
    if not any(_is_command_not_found(run, group) for group in run.groups):
        return []
    program = run.command[0]
    source = session.runners().path_from(run.runner.name, run.runner.options, run.submission.details)
    return [f"  {program} was looked for on the PATH of the jobs, which is that of {source}"] if source else []


def _is_command_not_found(run: Run, group: Group) -> bool:
    """Return whether the command that starts the program is not on the PATH of a failed group."""
    return group.state is State.FAILED and bool(run.command) and is_not_found(group.reason, run.command[0])


def _report_left(outcome: Outcome) -> int:
    """Report a run that is still active when its command ends; return the exit code."""
    if not outcome.interrupted:
        return 0
    number = outcome.run.number
    tell(f"run {number} continues; see it with qanat status, or end it with qanat cancel {number}")
    return 128 + outcome.interrupted


def _took(groups: Sequence[Group]) -> str:
    """Return after which time these groups ended, and how much of it was for last attempts; empty if unknown."""
    if not (whole := pauses.took(groups)):
        return ""
    last, numbers = pauses.took_last(groups), {group.attempt for group in groups}
    which = f"attempt {max(numbers)}" if len(numbers) == 1 else "the last attempts"
    is_said = last and any(group.earlier for group in groups) and (len(numbers) == 1 or last != whole)
    of_last = f" ({last} in {which})" if is_said else ""
    return f" after {whole}{of_last}"


def _in_bundles(run: Run, numbers: Sequence[int]) -> str:
    """Return how many jobs work through groups that share them; empty if each has a job to itself."""
    if not run.submission.per_job:
        return ""
    jobs = len({run.groups[number].job for number in numbers})
    return f": {plural(jobs, 'job')} of up to {plural(run.submission.per_job, 'group')}"


def report_submitted(outcome: Outcome) -> None:
    """Report what was submitted, and as which jobs, or how to reach a run in the background."""
    run = outcome.run
    tell_notes(outcome.notes)
    total, some = plural(len(run.groups), "group"), len(outcome.groups)
    groups = f"retrying {some:,} of {total}" if some < len(run.groups) else total
    tell(f"Run {run.number} of {run.experiment}: {groups}, {run.runner.name}, {run.storage}")
    if outcome.command:
        whose = f" of group {outcome.groups[0]}" if len(run.groups) > 1 else ""
        tell(brief(f"Command{whose}: {shlex.join(outcome.command)}"))
    if ids := _clusters(run):
        several = " and ".join(ids) if len(ids) == 2 else listed(ids, JOBS_NAMED)
        tell(f"Submitted as job{'' if len(ids) == 1 else 's'} {several}{_in_bundles(run, outcome.groups)}")
    if session.runners().is_in_process(run.runner.name):
        n = run.number
        tell(
            "It continues in the background, even after you log out\n"
            f"  follow it: qanat logs {n} -f; wait for its end: qanat wait {n}; cancel it: qanat cancel {n}"
        )


def _clusters(run: Run) -> list[str]:
    """List the clusters or arrays of the last submission of a run: `4651` for 4651.0 and 4651.1; `812` for 812_3."""
    last = max(group.attempt for group in run.groups)
    jobs = (g.job for g in run.groups if g.job and g.attempt == last and not g.state.ended)
    return list(dict.fromkeys(re.split(r"[._]", job)[0] for job in jobs))


def parameters_text(run: Run) -> str:
    """List the parameters of every group, and the arguments that were requested."""
    lines = (brief(line) for line in _parameter_lines(run))
    shown = list(islice(lines, PARAMETERS_SHOWN))
    return "\n".join([*shown, *(["… and more"] if next(lines, None) is not None else [])])


def _parameter_lines(run: Run) -> Iterator[str]:
    yield f"command: {' '.join(run.command)}"
    for group in run.groups:
        yield f"group {group.number}: {MARKS[group.state]} {described(group.state, '', group.attempt, run.attempts)}"
        for name, value in by_name(group.args).items():
            yield f"  {name}: {value if isinstance(value, str) else ' '.join(value)}"


def metrics_text(run: Run) -> str:
    """List the metrics of every group that has some, each with its arguments; empty if there are none."""
    lines = (brief(line) for line in _metric_lines(run))
    shown = list(islice(lines, PARAMETERS_SHOWN))
    more = [f"… and more; for all: qanat compare {run.number}"] if next(lines, None) is not None else []
    return "\n".join([*shown, *more])


def group_title(group: Group) -> str:
    """Return the number of a group and its arguments."""
    arguments = brief(" ".join(group.args), ARGUMENTS_MAX)
    return f"group {group.number}{f': {arguments}' if arguments else ''}"


def _metric_lines(run: Run) -> Iterator[str]:
    for group in run.groups:
        if group.metrics:
            yield group_title(group)
            for name, value in group.metrics.items():
                yield f"  {brief(name, NAME_SHOWN_MAX)}: {value:.6g}"


def _earlier_lines(group: Group) -> list[str]:
    """List how earlier attempts at a group ended, the last EARLIER_SHOWN of them."""
    shown = group.earlier[-EARLIER_SHOWN:]
    left = len(group.earlier) - len(shown)
    lines = [f"    … {left:,} earlier attempt{'s' if left > 1 else ''}"] if left else []
    for end in shown:
        took, host = times.took(end.started, end.ended), end.host and brief(end.host, NAME_SHOWN_MAX)
        options = ", ".join(f"{name}={value}" for name, value in end.options.items())
        about = [f"after {took}" if took else "", f"on {host}" if host else ""]
        about += [f"with {brief(options, ARGUMENTS_MAX)}"] if options else []
        said = [brief(end.described, ARGUMENTS_MAX), *filter(None, about)]
        lines.append(f"    attempt {end.attempt}: {', '.join(said)}")
    return lines


def group_lines(run: Run) -> list[str]:
    """List the states of groups and their metrics, up to GROUPS_SHOWN groups and METRICS_SHOWN metrics of each."""
    lines = []
    for group in run.groups[:GROUPS_SHOWN]:
        arguments = brief(" ".join(group.args), ARGUMENTS_MAX)
        measured = ", ".join(
            f"{brief(name, NAME_SHOWN_MAX)} {value:.6g}" for name, value in islice(group.metrics.items(), METRICS_SHOWN)
        )
        left = len(group.metrics) - METRICS_SHOWN
        measured += f", … and {left:,} more" if left > 0 else ""
        state = described(group.state, brief(group.reason, ARGUMENTS_MAX), group.attempt, run.attempts)
        took = times.took(group.started, group.ended) if group.earlier and group.state.ended else ""
        state += f", after {took}" if took else ""
        parts = [f"group {group.number}", arguments, state, measured]
        lines.append("  " + ": ".join(part for part in parts if part))
        lines += _earlier_lines(group)
    more = len(run.groups) - GROUPS_SHOWN
    lines += [f"  … and {more:,} more"] if more > 0 else []
    if any(len(group.metrics) > METRICS_SHOWN for group in run.groups[:GROUPS_SHOWN]):
        lines.append(f"  for all metrics: qanat compare {run.number}")
    return lines
