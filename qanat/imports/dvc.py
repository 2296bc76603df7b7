"""Runs of DVC: the experiments of a repository, what `dvc exp show --json` printed, and the logs of DVCLive.

An experiment is a commit below `refs/exps/`, which has the parameters that DVC noted, the metrics and the curves, as
far as git tracks these. HEAD counts as well if it has results. What DVC keeps in its cache is not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain.run import State
from qanat.errors import InputInvalid, ProjectNotFound
from qanat.git import commit_files, location, repository
from qanat.git.commit_files import Commit, CommitFiles
from qanat.git.location import Location
from qanat.imports import dvc_results, reading, values
from qanat.imports.dvc_results import FolderFiles, Results
from qanat.imports.stored import Listed, StoredGroup, StoredRun
from qanat.system import below, files

HINT = "name a repository of DVC, the logs of DVCLive, or the output of: dvc exp show --json"
REFS = "refs/exps/"
# What DVC keeps for itself below that.
_NOT_EXPERIMENTS = ("refs/exps/exec/", "refs/exps/stash", "refs/exps/celery/", "refs/exps/exec-branch")
FOLDERS_DEEP = 3


class DvcSource:
    """A repository of DVC, a folder with logs of DVCLive, or a JSON file of DVC."""

    def __init__(self, source: str, root: Path) -> None:
        self._path = Path(source).expanduser()
        self.shown = values.shown_source(source, root)
        self._problems: list[str] = []
        if not files.is_folder(self._path) and not files.is_file(self._path):
            raise InputInvalid(f"{source}: there is no such file or folder", hint=HINT)

    def problems(self) -> Sequence[str]:
        """List what could not be read so far."""
        return self._problems

    def runs(self) -> Iterator[Listed]:
        """Yield the runs. Raises InputInvalid if there is none."""
        if files.is_file(self._path):
            yield from _printed(self._path)
            return
        found = list(self._of_repository() if (self._path / ".git").exists() else ())
        if not found:
            found = list(_logs(self._path, self._problems))
        if not found and not self._problems:
            raise InputInvalid(f"{self.shown} has no experiments of DVC, and no logs of DVCLive", hint=HINT)
        yield from found

    def _of_repository(self) -> Iterator[Listed]:
        """Yield the experiments of a repository, and HEAD if it has results."""
        try:
            found = location.find(self._path.resolve())
        except ProjectNotFound as error:
            raise InputInvalid(error.message, hint=error.hint) from None
        if found is None:
            return
        commits = {ref: commit for ref, commit in commit_files.commits_of_refs(found, REFS).items() if _counts(ref)}
        experiment = found.root.name
        head = commit_files.commit_at(repository.open_repository(found), "HEAD")
        if head and self._has_results(found, head):
            yield Listed(head.id, partial(_of_commit, found, head, "", experiment))
        for ref, commit in commits.items():
            yield Listed(commit.id, partial(_of_commit, found, commit, ref.rpartition("/")[2], experiment))

    def _has_results(self, found: Location, head: Commit) -> bool:
        content = CommitFiles(found, head.id)
        try:
            return content.has(dvc_results.DVC) and Results(content, f"commit {head.id[:10]}").has_metrics
        except InputInvalid as error:
            self._problems.append(error.message)
            return False


def _counts(ref: str) -> bool:
    return not ref.startswith(_NOT_EXPERIMENTS)


def _of_commit(found: Location, commit: Commit, name: str, experiment: str) -> StoredRun:
    results = Results(CommitFiles(found, commit.id), f"commit {commit.id[:10]}")
    group = StoredGroup(
        parameters=results.parameters(),
        metrics=results.metrics(),
        state=State.FINISHED,  # DVC commits no others
        ended=values.utc_seconds(commit.time),
        curves=results.curves,
        files=results.files,
    )
    return StoredRun(
        id=commit.id,
        experiment=experiment,
        groups=(group,),
        description=name,
        author=commit.author,
        commit=commit.id,
        program=results.program(),
    )


# ---- logs of DVCLive


def _logs(folder: Path, problems: list[str]) -> Iterator[Listed]:
    """Yield the logs of DVCLive: the folder itself, or those below it."""
    stack = [("", 0)]
    while stack:
        place, depth = stack.pop()
        if _is_log(folder, place):
            try:
                run = _of_log(folder, place)
            except InputInvalid as error:
                problems.append(error.message)
            else:
                yield Listed(run.id, partial(_same, run))
            continue
        for entry in sorted(below.entries(folder, place), key=lambda entry: entry.name, reverse=True):
            if entry.is_folder and depth < FOLDERS_DEEP and not entry.name.startswith("."):
                stack.append((f"{place}/{entry.name}" if place else entry.name, depth + 1))


def _is_log(folder: Path, place: str) -> bool:
    at = f"{place}/" if place else ""
    with_numbers = below.has_file(folder, f"{at}{dvc_results.METRICS}")
    return with_numbers and (reading.exists(folder, f"{at}plots") or below.has_file(folder, f"{at}params.yaml"))


def _of_log(folder: Path, place: str) -> StoredRun:
    name = place or folder.resolve().name
    results = Results(FolderFiles(folder), folder.name, live=place)
    at = f"{place}/" if place else ""
    group = StoredGroup(
        parameters=results.parameters(),
        metrics=results.metrics(),
        ended=(folder / f"{at}{dvc_results.METRICS}").stat().st_mtime,
        curves=results.curves,
        files=results.files,
    )
    parent = folder.resolve() if place else folder.resolve().parent
    # Another run of the program writes to the same folder, so the numbers are part of the id.
    digest = hashlib.sha256(repr((group.parameters, group.metrics)).encode("utf-8", "replace")).hexdigest()[:12]
    return StoredRun(
        id=f"{values.text(name)}@{digest}", experiment=parent.name or "dvc", groups=(group,), description=name
    )


# ---- dvc exp show --json


def _printed(path: Path) -> Iterator[Listed]:
    """Yield the commits and experiments in what `dvc exp show --json` printed. Raises InputInvalid."""
    content = reading.load_json(path.parent, path.name, reading.NUMBERS_BYTES_MAX)
    if not isinstance(content, list) or not all(isinstance(row, dict) and "rev" in row for row in content):
        raise InputInvalid(f"{path.name} is not the output of dvc exp show --json", hint=HINT)
    for row in content:
        revisions = [row] if row["rev"] != "workspace" and _printed_numbers(row) else []
        for experiment in row.get("experiments") or ():
            inner = experiment.get("revs") if isinstance(experiment, dict) else None
            revisions += [one for one in inner or () if isinstance(one, dict)]
        for one in revisions:
            yield Listed(values.text(one.get("rev")), partial(_of_printed, one, path.stem))


def _of_printed(row: Mapping[str, Any], experiment: str) -> StoredRun:
    data = _mapping(row.get("data"))
    parameters: dict[str, Any] = {}
    for found in _mapping(data.get("params")).values():
        parameters |= _mapping(_mapping(found).get("data"))
    failed = bool(row.get("error") or data.get("error"))
    group = StoredGroup(
        parameters=parameters,
        metrics=_printed_numbers(row),
        state=State.FAILED if failed else State.FINISHED,
        reason="DVC recorded an error" if failed else "",
        ended=values.utc_seconds(data.get("timestamp")),
    )
    return StoredRun(
        id=values.text(row.get("rev")),
        experiment=experiment,
        groups=(group,),
        description=values.text(row.get("name")),
        commit=values.commit(row.get("rev")),
    )


def _printed_numbers(row: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in _mapping(_mapping(row.get("data")).get("metrics")).values():
        found |= values.numbers(_mapping(_mapping(one).get("data")))
    return dvc_results.without_step(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _same(run: StoredRun) -> StoredRun:
    return run
