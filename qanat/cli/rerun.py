"""`qanat rerun` and `qanat retry`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qanat.cli import reporting
from qanat.cli.output import say, say_json, tell
from qanat.cli.run_view import view_for
from qanat.domain.run import RunnerChoice
from qanat.errors import EXIT_FAILED
from qanat.runners import registry
from qanat.usecases import capture_code, compare_outputs, start_run
from qanat.usecases import rerun as usecase
from qanat.usecases.find_run import Found, check_ended, find_run
from qanat.usecases.project import Project, open_project
from qanat.usecases.refresh_runs import refreshed

RERUN = """\b
Example:
  qanat rerun 4
  qanat rerun 4 --check

--check compares the new outputs with the first run's, file by file; the exit code is 1 when they are not identical."""

threads_option = click.option(
    "--n_threads", "--n-threads", "-j", type=click.IntRange(1), default=1, metavar="N", help="Groups at the same time."
)
fail_fast_option = click.option("--fail_fast", "--fail-fast", is_flag=True, help="Start no more once one has failed.")


def _find(project: Project, word: str) -> tuple[Found, list[Any]]:
    with refreshed(project, registry.local) as (index, result):
        reporting.tell_notes(result.notes)
        return find_run(project, index, result, word), list(result.live.values())


@click.command(epilog=RERUN)
@click.argument("run")
@click.option("--runner", default=None, help="Where to run; the first run's runner by default.")
@threads_option
@fail_fast_option
@click.option("--check", is_flag=True, help="Compare the outputs with the first run's.")
@click.option("--rtol", type=float, default=1e-9, show_default=True, help="Tolerance for numbers that count as equal.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print JSON.")
def rerun(
    run: str, runner: str | None, n_threads: int, fail_fast: bool, check: bool, rtol: float, as_json: bool
) -> int:
    """Run RUN again as a new run: same code (a checkout of its commit), parameters, files and data."""
    project = open_project(Path.cwd())
    found, live = _find(project, run)
    if check:
        check_ended(found, "its outputs cannot be compared")
    chosen = registry.attached(runner or found.run.runner.name, n_threads)
    chosen.check()
    author = capture_code.check_committer(project)
    plan, captured = usecase.plan_rerun(project, found, live)
    choice = RunnerChoice(chosen.name, None, {"n_threads": n_threads} if len(plan.groups) > 1 else {})
    with view_for(len(plan.groups)) as view:
        outcome = start_run.start_run(project, plan, captured, author, choice, chosen, view, fail_fast=fail_fast)
    code = reporting.report(project, outcome)
    return _check(project, found, outcome.run, rtol, as_json=as_json) or code if check else code


def _check(project: Project, first: Found, again: Any, rtol: float, *, as_json: bool) -> int:
    files = compare_outputs.compare(first.folder, project.root / again.storage, rtol)
    if as_json:
        say_json([{"file": f.path, "verdict": f.verdict, "detail": f.detail} for f in files])
    for file in files if not as_json else ():
        say(f"{file.verdict:10} {file.path}{f' ({file.detail})' if file.detail else ''}")
    same = all(file.verdict == compare_outputs.IDENTICAL for file in files)
    tell(
        f"{'identical' if same else 'not identical'}: {len(files)} files of runs {first.run.number} and {again.number}"
    )
    return 0 if same else EXIT_FAILED


@click.command(epilog="\b\nExample:\n  qanat retry 4\n  qanat retry 4 --group 3 --group 7 -j 2")
@click.argument("run")
@click.option(
    "--failed", is_flag=True, help="Only groups that failed, were cancelled or are lost; this is the default."
)
@click.option("--group", "groups", type=click.IntRange(0), multiple=True, metavar="I", help="Run this group again.")
@threads_option
@fail_fast_option
def retry(run: str, failed: bool, groups: tuple[int, ...], n_threads: int, fail_fast: bool) -> int:
    """Run groups of RUN again inside the same run; what earlier attempts left is kept in attempts/."""
    project = open_project(Path.cwd())
    found, live = _find(project, run)
    numbers = usecase.chosen_groups(found, groups, failed=failed)
    if not numbers:
        say("none of these groups needs another attempt")
        return 0
    runner = registry.attached(found.run.runner.name, n_threads)
    runner.check()
    capture_code.check_committer(project)
    with view_for(len(found.run.groups)) as view:
        outcome = usecase.retry(project, found, numbers, runner, view, live, fail_fast=fail_fast)
    return reporting.report(project, outcome)
