"""Starting, awaiting and cancelling runs from Python: converting keywords to requests, and outcomes to runs."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qanat.api.opened import Opened
from qanat.api.progress import OnProgress, ProgressView, Shown
from qanat.api.progress_line import ProgressLine, in_notebook
from qanat.api.spelling import listed
from qanat.domain.container import ContainerRequest
from qanat.domain.run import Run, State
from qanat.errors import InputInvalid
from qanat.usecases.launch import launch as launching
from qanat.usecases.launch import rerun as rerunning
from qanat.usecases.launch import retry as retrying
from qanat.usecases.launch.code import Changes, Uncommitted
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest, needed_only, whole_path
from qanat.usecases.launch.rerun import Repeat
from qanat.usecases.launch.retry import chosen_groups
from qanat.usecases.launch.view import LaunchView, Outcome
from qanat.usecases.launch.wait import wait as wait_for
from qanat.usecases.runs import check_rerun
from qanat.usecases.runs.cancel import cancel_groups, cancel_run
from qanat.usecases.runs.check_rerun import check_asked
from qanat.usecases.runs.reproduction import Basis
from qanat.usecases.tracking.find import Found, check_group, find_run

__all__ = [
    "Repeat",
    "cancel",
    "check_asked",
    "chosen_groups",
    "find",
    "launch",
    "needed_only",
    "request",
    "rerun",
    "retry",
    "wait",
]


def request(
    experiment: str,
    args: Sequence[object],
    groups: Sequence[str],
    ranges: Sequence[str],
    tags: Sequence[str],
    param_file: str | Path | None,
    parameters_file: str | Path | None,
    storage_path: str | Path | None,
    container: str | Path | Mapping[str, object] | None,
    *,
    description: str,
    many: bool,
) -> RunRequest:
    """Return the request for these keywords. Raises TypeError for a string in place of a list of strings."""
    return RunRequest(
        experiment=experiment,
        args=tuple(map(str, listed("args", args))),
        groups=tuple(listed("groups", groups)),
        ranges=tuple(listed("ranges", ranges)),
        param_file=Path(param_file) if param_file else None,
        parameters_file=Path(parameters_file) if parameters_file else None,
        storage_path=whole_path(storage_path) if storage_path else None,
        tags=tuple(dict.fromkeys(listed("tags", tags))),
        description=description,
        many=many,
        container=container_from(container),
    )


def container_from(wanted: str | Path | Mapping[str, object] | None) -> ContainerRequest | None:
    """Return the container of an image, or of a mapping with `image`, `engine` and `gpu`; None stands for no wish."""
    if wanted is None:
        return None
    parts = dict(wanted) if isinstance(wanted, Mapping) else {"image": wanted}
    image, engine, gpu = parts.pop("image", ""), parts.pop("engine", None), parts.pop("gpu", False)
    if parts:
        raise TypeError(f"container has the unknown keys {', '.join(map(repr, parts))}; known: image, engine, gpu")
    return ContainerRequest(str(image), None if engine is None else str(engine), gpu=bool(gpu))


def uncommitted(
    opened: Opened, message: str | None, add: Sequence[str | Path], *, snapshot: bool, allow_secrets: bool
) -> Uncommitted:
    """Return what these keywords say about uncommitted changes. Raises TypeError for a string in place of a list."""
    if not add:
        return Uncommitted(message, snapshot, allow_secrets=allow_secrets)
    from qanat.usecases.launch.untracked import from_root

    named = from_root(opened.project, listed("add", add))
    return Uncommitted(message, snapshot, named, allow_secrets)


def find(opened: Opened, word: str, *, retries_due: bool = True) -> tuple[Found, list[Run]]:
    """Find a run by its number or id, and list the active runs; see refreshed()."""
    project = opened.project
    with refreshed(project, opened.runners, retries_due=retries_due) as (index, result):
        return find_run(project, index, result, word), list(result.live.values())


def launch(
    opened: Opened, asked: RunRequest, options: LaunchOptions, on_progress: Shown, after: tuple[str, ...] = ()
) -> Run:
    """Run an experiment after these runs, and return the run."""
    asked = replace(asked, after=after)

    def start(view: LaunchView) -> Outcome:
        return launching.launch(opened.project, asked, options, runners=opened.runners, ask=_ask_nobody, view=view)

    return _followed(opened, start, on_progress)


def rerun(
    opened: Opened,
    found: Found,
    live: list[Run],
    options: LaunchOptions,
    repeat: Repeat,
    on_progress: Shown,
) -> Run:
    """Repeat a run as a new one, and return the new run."""

    def start(view: LaunchView) -> Outcome:
        return rerunning.rerun(
            opened.project, found, live, options, repeat, runners=opened.runners, ask=_ask_nobody, view=view
        )

    return _followed(opened, start, on_progress)


def basis(opened: Opened, found: Found) -> Basis:
    """Determine what a rerun will be compared with. Raises UsageError for an active run, and InputInvalid."""
    return check_rerun.basis_of(found, opened.runners)


def verdict(opened: Opened, basis: Basis, again: Run, rtol: float) -> check_rerun.Verdict:
    """Compare a rerun with the first run. Raises InputInvalid if it has been cancelled or is lost."""
    if again.state not in (State.FINISHED, State.FAILED):
        raise InputInvalid(f"run {again.number} is {again.state}, so it cannot be compared", hint="repeat it once more")
    return check_rerun.verdict(opened.project, basis, again, rtol, opened.runners)


def retry(
    opened: Opened,
    found: Found,
    live: list[Run],
    numbers: Sequence[int],
    changes: Mapping[str, str],
    options: LaunchOptions,
    on_progress: Shown,
    *,
    start_over: bool = False,
) -> Run:
    """Retry groups of a run, and return the run."""

    def start(view: LaunchView) -> Outcome:
        known = (opened.project, found, numbers, live, options, changes)
        return retrying.retry(*known, runners=opened.runners, view=view, start_over=start_over)

    return _followed(opened, start, on_progress)


def wait(opened: Opened, run: Run, on_progress: Shown) -> Run:
    """Wait until a run has ended, and return it."""
    return _followed(opened, lambda view: wait_for(opened.project, run, opened.runners, view), on_progress)


def cancel(opened: Opened, word: str, groups: Sequence[int] = ()) -> Run:
    """Cancel a run, or some of its groups, and return it."""
    found, _ = find(opened, word, retries_due=False)
    if groups:
        chosen = sorted({check_group(found, n) for n in groups})
        _warn(cancel_groups(opened.project, found, chosen, opened.runners).problems(found.run), calls=3)
        return find(opened, word)[0].run
    run, notes = cancel_run(opened.project, found, opened.runners)
    _warn(notes, calls=3)
    return run


def _followed(opened: Opened, start: Callable[[LaunchView], Outcome], on_progress: Shown) -> Run:
    """Start or await a run, and return it. An interrupt, or an exception in on_progress, is raised afterwards."""
    with _shown(on_progress) as call:
        view = ProgressView(opened.project.root, call)
        outcome = start(view)
    run = outcome.run
    _warn([*view.notes, *outcome.notes], calls=4)
    if outcome.interrupted and not outcome.on_request:
        _raise(outcome.interrupted, run)
    if view.error:
        view.error.add_note(f"raised by on_progress; {_recorded(run)}")
        raise view.error
    return run


@contextmanager
def _shown(on_progress: Shown) -> Iterator[OnProgress | None]:
    """Yield what is called about the progress: by default, and only in a notebook, what draws a line."""
    if callable(on_progress):
        yield on_progress
        return
    draws = in_notebook() if on_progress is None else on_progress
    line = ProgressLine() if draws else None
    try:
        yield line
    finally:
        if line:
            line.close()


def _raise(number: int, run: Run) -> None:
    """Do what the signal, which was for this process, would have done without qanat."""
    try:
        signal.raise_signal(number)
    except BaseException as error:
        error.add_note(_recorded(run))
        raise


def _recorded(run: Run) -> str:
    return f"run {run.id} is recorded, and {run.state}"


def _warn(notes: Sequence[str], *, calls: int) -> None:
    """Warn about the notes on a run, at the line of the user's code, this many calls up."""
    for note in notes:
        warnings.warn(note, stacklevel=calls + 1)


def _ask_nobody(_changes: Changes, wanted: Uncommitted) -> Uncommitted:
    """Return what the keywords say."""
    return wanted
