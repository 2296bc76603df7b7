"""The files of a storage directory: `info.yaml`, `group_info.yaml`, progress and metrics.

Users' actions read the two info files, so their keys never change.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qanat.domain import completion, layout, parameters, times, used
from qanat.domain.completion import COMPLETION, CONTINUES, EARLIER, NOTES, STOPPED, Completion
from qanat.domain.experiment import MetricSource
from qanat.domain.layout import group_folder
from qanat.domain.outputs import PRINTED
from qanat.domain.run import Run
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.domain.used import Used
from qanat.errors import InputInvalid, QanatError
from qanat.records import yaml_io
from qanat.system import files, folders

if TYPE_CHECKING:
    from qanat.domain.metric_problems import MetricProblem

INFO = "info.yaml"
GROUP_INFO = layout.GROUP_INFO
PARAMETERS_FILES = "parameters_files"
PROGRESS = "progress.txt"
ATTEMPTS = "attempts"
ACTIONS = "actions.yaml"
MANIFEST = "qanat_manifest.jsonl"
# Files and folders beside a group's outputs that are about the run itself: ids, times, paths, speeds, copies.
GENERATED_FILES = frozenset(
    {INFO, GROUP_INFO, PROGRESS, COMPLETION, CONTINUES, STOPPED, EARLIER, ACTIONS, ATTEMPTS, MANIFEST, PARAMETERS_FILES}
)
NO_OUTPUTS = GENERATED_FILES | PRINTED
_NOTES_BYTES = 2**20
METRICS_BYTES_MAX = 8 * 2**20
DEFAULT_METRICS = (MetricSource("metrics.json"), MetricSource("metrics.yaml"))


def info(run: Run, storage: Path, commands: Sequence[Sequence[str]], workdir: Path) -> bytes:
    """Return a run's `info.yaml`: what runs, where, with which parameters, and its state."""
    count = len(run.groups)
    content = {
        "run_id": run.number,
        "id": run.id,
        "experiment": run.experiment,
        "executable": run.command[-1],
        "executable_command": shlex.join(run.command[:-1]),
        "storage_path": str(storage),
        "commands": [shlex.join(command) for command in commands],
        "groups_of_parameters": [parameters.by_name(group.args) for group in run.groups],
        "repertories": [layout.group_path(str(storage), group.number, count) for group in run.groups],
        "working_directory": str(workdir),
        "datasets": dict(run.datasets),
        "commit_sha": run.code.commit,
        "status": run.state.value,
        "start_time": run.started or run.created,
        "end_time": run.ended,
    }
    return yaml_io.dump(content)


def is_made_for(folder: Path, run_id: str) -> bool:
    """Return whether a directory's `info.yaml` names this run."""
    try:
        with files.open_for_reading(folder / INFO) as file:
            return f"id: {run_id}".encode() in file.read(4096).splitlines()
    except (OSError, ValueError):
        return False


def is_made_for_in(folder: int, run_id: str) -> bool:
    """Return is_made_for() of an open directory, whose `info.yaml` must not be a link."""
    try:
        with open(INFO, "rb", opener=lambda name, flags: files.open_in(folder, name, flags)) as file:
            return f"id: {run_id}".encode() in file.read(4096).splitlines()
    except (OSError, ValueError):
        return False


def folder_of(folder: Path, run_id: str) -> Path:
    """Return the directory of a run whose record names `folder`.

    That folder may belong to another run here, with the same number, from another branch or clone. Then it is the
    folder beside it with the uid in its name, which exists once somebody has put it there.
    """
    if run_in(folder) in (None, run_id):
        return folder
    return folder.with_name(f"{folder.name}-{run_id.rpartition('-')[2]}")


def run_of(info: bytes) -> str | None:
    """Return the id of the run that an `info.yaml` with these bytes belongs to; None if qanat did not write it."""
    lines = info[:4096].splitlines()
    if not any(line.startswith(b"run_id: ") for line in lines):
        return None
    return next((line[4:].decode("utf-8", "replace") for line in lines if line.startswith(b"id: ")), None)


def run_in(folder: Path) -> str | None:
    """Return the id of the run whose storage directory this is, according to its `info.yaml`; None if it is none."""
    try:
        with files.open_for_reading(folder / INFO) as file:
            return run_of(file.read(4096))
    except (OSError, ValueError):
        return None


def update_info(run: Run, storage: Path, sharing: Sharing = UNSHARED) -> None:
    """Record in `info.yaml` how a run ended; a missing file, or one of another run, is left alone.

    No symbolic link may lead to the directory. Raises WriteFailed.
    """
    try:
        content = yaml_io.load(files.read(storage / INFO, limit_bytes=yaml_io.FILE_BYTES_MAX), INFO, own=True)
    except InputInvalid:
        return
    if isinstance(content, dict) and content.get("id") == run.id:
        content |= {"status": run.state.value, "start_time": run.started or run.created, "end_time": run.ended}
        folders.write(storage / INFO, yaml_io.dump(content), sharing=sharing)


def group_info(command: Sequence[str], args: Sequence[str]) -> bytes:
    """Return the `group_info.yaml` of one of several groups."""
    return yaml_io.dump({"command": shlex.join(command), "parameters": parameters.by_name(args)})


def read_progress(folder: Path) -> float | None:
    """Return a group's progress, from 0 to 1; None if its program does not report it."""
    from qanat.domain import progress

    try:
        with files.open_for_reading(folder / PROGRESS) as file:
            head = file.read(progress.HEAD_BYTES)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - progress.TAIL_BYTES))
            return progress.fraction(head, file.read(progress.TAIL_BYTES), size)
    except OSError:
        return None


def run_progress(storage: Path, groups: int, ended: Mapping[int, bool]) -> float | None:
    """Return the mean progress of a run's groups, those without any counting as 0; None if no group reports it.

    `ended` says of every group that has ended whether it finished; if not, it has achieved nothing.
    """
    fractions = [read_progress(group_folder(storage, n, groups)) for n in range(groups) if n not in ended]
    if all(f is None for f in fractions):
        return None
    return (sum(f or 0.0 for f in fractions) + sum(ended.values())) / groups


def read_completion(folder: Path, command: Sequence[str] = (), name: str = COMPLETION) -> Completion | None:
    """Read the completion file in a group's directory; None if it is missing or incomplete.

    The command is that of the run, to name a program that could not be started.
    """
    try:
        with files.open_for_reading(folder / name) as file:
            text, written = file.read(65_536).decode(errors="replace"), os.fstat(file.fileno()).st_mtime
            return completion.parse(text, written, *command[:1])
    except OSError:
        return None


def read_used(folder: Path, group: int, attempt: int) -> Used | None:
    """Return what a group used whose job left no completion file; None if that is not known."""
    stopped = read_completion(folder, name=STOPPED)
    if stopped and stopped.attempt >= attempt and stopped.status.used:
        return stopped.status.used
    try:
        with files.open_for_reading(folder / NOTES) as file:
            return used.parse_notes(file.read(_NOTES_BYTES).decode("ascii", "replace"), group)
    except OSError:
        return None


def read_starts(folder: Path) -> list[str]:
    """Return when a submitted group was started by its job, again and again; empty if it has not been."""
    lines = files.read_end(folder / layout.STARTS, 65_536).splitlines()
    return [line for line in lines if times.is_timestamp(line)]


def read_metrics(
    folder: Path, sources: Sequence[MetricSource], *, finished: bool = False
) -> tuple[dict[str, float], list[MetricProblem]]:
    """Return the metrics that a group left, and why the record does not get others.

    A group that has `finished` should have left what the experiment asks for.
    """
    found: dict[str, float] = {}
    problems: list[MetricProblem] = []
    for source in sources or DEFAULT_METRICS:
        path = folder / source.file
        there = files.exists(path)
        if not there and not (finished and sources):
            continue
        from qanat.domain import metric_problems  # most programs leave none

        numbers, what = _read_source(folder, source, asked=finished) if there else ({}, metric_problems.ABSENT)
        said = (what, metric_problems.in_several_files(found, numbers))
        problems += [metric_problems.MetricProblem(path, source.file, one) for one in said if one]
        found |= numbers
    return found, problems


def metric_names(folder: Path, name: str) -> list[str]:
    """List the names of the numbers in a metrics file in a directory; none if it cannot be read."""
    return [*_read_source(folder, MetricSource(name), asked=False)[0]]


def _read_source(folder: Path, source: MetricSource, *, asked: bool) -> tuple[dict[str, float], str]:
    """Return the metrics in a file in a directory, and what is wrong with it as a predicate; empty if nothing is.

    It is wrong if names are missing that are `asked` for.
    """
    from qanat.domain import metric_problems, metrics

    path = folder / source.file
    try:
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            return {}, "is not inside the storage directory"
        content = _metrics_content(path)
        numbers = metrics.flatten(content)
    except yaml_io.YamlInvalid as error:
        return {}, f"is not a metrics file: line {error.line}: {error.problem}"
    except InputInvalid as error:
        return {}, error.message.removeprefix(f"{path}: ")
    except (ValueError, RecursionError) as error:
        return {}, f"is not a metrics file: {error}"
    what = metric_problems.left_out(content, source.keys, source.keys if asked else ())
    return metrics.select(numbers, source.keys), what


def _metrics_content(path: Path) -> Any:
    """Return what a metrics file holds. Raises InputInvalid, ValueError for JSON that is none, RecursionError."""
    data = files.read(path, limit_bytes=METRICS_BYTES_MAX)
    return json.loads(data) if path.suffix == ".json" else yaml_io.load(data, str(path))


def made_by_actions(folder: Path) -> set[str]:
    """Return the paths, relative to a directory, of files made by actions on it; unreadable entries are skipped."""
    try:
        data = files.read(folder / ACTIONS, limit_bytes=yaml_io.FILE_BYTES_MAX)
        rows = yaml_io.load(b"actions:\n" + data, ACTIONS).get("actions")
    except QanatError:
        return set()
    made = [row.get("made") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {name for names in made if isinstance(names, list) for name in names if isinstance(name, str)}


def size_of(folder: Path) -> int:
    """Return the total size in bytes of the files below a directory; links are not followed."""
    total = 0
    stack = [str(folder)]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def parameters_copy(folder: Path, name: str | Path | None) -> Path | None:
    """Return where a run keeps a copy of its parameters file, given its storage directory; None without such a file."""
    return folder / PARAMETERS_FILES / Path(name).name if name else None


def keep_parameters_file(source: Path, storage: Path, sharing: Sharing = UNSHARED) -> None:
    """Copy a file for the program into the run's storage directory."""
    folders.write(storage / PARAMETERS_FILES / source.name, files.read(source), sharing=sharing)
