"""Runs of MLflow, whatever keeps them: which of them are one run here, and what becomes of their tags.

A parent and its children are one run with a group for each child if qanat exported them so; or if the children have the
same code and the same names of parameters, and the parent has nothing of its own that no group could have. Otherwise,
each is a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from qanat.domain import series_rows
from qanat.domain.run import State
from qanat.errors import InputInvalid
from qanat.imports import mlflow_exported, values
from qanat.imports.series import Point, curve_of
from qanat.imports.stored import Listed, StoredFile, StoredGroup, StoredRun
from qanat.system import files

HINT = "name its tracking URI, mlflow.db or mlruns/"
_OWN = "mlflow."
_PARENT, _NOTE, _NAME, _USER = "mlflow.parentRunId", "mlflow.note.content", "mlflow.runName", "mlflow.user"
_COMMIT, _PROGRAM = "mlflow.source.git.commit", "mlflow.source.name"
_ENDS = {"FINISHED": State.FINISHED, "FAILED": State.FAILED, "KILLED": State.CANCELLED}


@dataclass(frozen=True, slots=True)
class MlflowRun:
    """A run as MLflow has it; times are in milliseconds since 1970.

    `history` reads the points of a metric, `files` the artifacts. Both raise InputInvalid. `remarks` are sentences on
    what is another value here than there, so far.
    """

    id: str
    experiment: str
    status: str
    start_ms: float | None
    end_ms: float | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    history: Callable[[str], Iterable[Point]]
    files: Callable[[], Iterable[StoredFile]]
    remarks: Mapping[str, None] = field(default_factory=dict)

    @property
    def code(self) -> tuple[str, str]:
        """The commit and the program, as far as they are known."""
        return values.commit(self.tags.get(_COMMIT)), values.program(self.tags.get(_PROGRAM))


class MlflowStore(Protocol):
    """What keeps runs: a server or a database, or the files of mlruns/."""

    def runs(self) -> Iterator[MlflowRun]:
        """Yield all runs that are not deleted, the oldest of an experiment first. Raises InputInvalid."""

    def problems(self) -> Sequence[str]:
        """List what could not be read so far."""


class MlflowSource:
    """A tracking URI, a database file of MLflow, or the folder mlruns/."""

    def __init__(self, source: str, root: Path) -> None:
        local = local_path(source)
        self.shown = values.shown_source(source if local is None else str(local), root)
        self._store = _open(source, local, self.shown)

    def problems(self) -> Sequence[str]:
        """List what could not be read so far."""
        return self._store.problems()

    def runs(self) -> Iterator[Listed]:
        """Yield the runs. Raises InputInvalid if nothing can be read."""
        found = list(self._store.runs())
        if not found and not self._store.problems():
            raise InputInvalid(f"{self.shown} has no runs of MLflow", hint=HINT)
        for parent, children in together(found):
            read = partial(_as_run, parent, children)
            yield Listed(parent.id, read, max(1, len(children)))


def local_path(source: str) -> Path | None:
    """Return the file or folder that a source is; None for a server or another database."""
    parts = urlsplit(source)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme == "sqlite":
        return Path(unquote(parts.path)[1:])
    return None if "://" in source else Path(source).expanduser()


def _open(source: str, local: Path | None, shown: str) -> MlflowStore:
    if local is not None and files.is_folder(local):
        from qanat.imports.mlflow_files import FileStore

        return FileStore(local)
    from qanat.imports.mlflow_client import ClientStore

    return ClientStore(source, local, shown)


def together(runs: Sequence[MlflowRun]) -> Iterator[tuple[MlflowRun, Sequence[MlflowRun]]]:
    """Yield what becomes a run each: a run, and the children that are its groups, if there are such."""
    children: dict[str, list[MlflowRun]] = {}
    for run in runs:
        if parent := run.tags.get(_PARENT):
            children.setdefault(parent, []).append(run)
    joined: set[str] = set()
    groups: dict[str, Sequence[MlflowRun]] = {}
    for run in runs:
        own = children.get(run.id, ())
        if own and not run.tags.get(_PARENT) and _are_groups(run, own, children):
            groups[run.id] = own
            joined.update(child.id for child in own)
    for run in runs:
        if run.id not in joined:
            yield run, sorted(groups.get(run.id, ()), key=lambda one: mlflow_exported.number(one.tags))


def _are_groups(parent: MlflowRun, own: Sequence[MlflowRun], children: Mapping[str, Sequence[MlflowRun]]) -> bool:
    if all(mlflow_exported.are_one(parent.tags, one.tags) for one in own):
        return True
    first = own[0]
    alike = all(
        one.params.keys() == first.params.keys() and one.code == first.code and one.experiment == parent.experiment
        for one in own
    )
    shared = all(one.params.get(name) == value for one in own for name, value in parent.params.items())
    return alike and shared and not parent.metrics and not any(one.id in children for one in own)


def _as_run(run: MlflowRun, children: Sequence[MlflowRun]) -> StoredRun:
    commit, program = run.code
    if children:
        commit, program = children[0].code
    description, notes = run.tags.get(_NAME, ""), run.tags.get(_NOTE, "")
    if mlflow_exported.is_exported(run.tags):
        description, notes = notes, ""
    tags = _tags(run)
    tags += [tag for tag in _shared_tags(children) if tag not in tags]
    return StoredRun(
        id=run.id,
        experiment=run.experiment,
        groups=[_as_group(one) for one in children or (run,)],
        description=description,
        notes="\n\n".join(filter(None, (notes, _about_groups(children, tags)))),
        tags=values.tags(tags),
        author=run.tags.get(_USER, ""),
        commit=commit,
        program=program,
        parent=run.tags.get(_PARENT),
        remarks=lambda: dict.fromkeys(text for one in (run, *children) for text in one.remarks),
    )


def _tags(run: MlflowRun) -> list[str]:
    """Return the tags of a run, without those of MLflow."""
    if mlflow_exported.is_exported(run.tags):
        return mlflow_exported.tags_of(run.tags)
    return [values.pair(key, value) for key, value in run.tags.items() if not key.startswith(_OWN)]


def _shared_tags(children: Sequence[MlflowRun]) -> list[str]:
    """Return the tags that all children have."""
    found = [_tags(one) for one in children]
    return [tag for tag in found[0] if all(tag in tags for tags in found)] if found else []


def _about_groups(children: Sequence[MlflowRun], tags: Sequence[str]) -> str:
    """Return what becomes groups is called, and how it is tagged and described, other than their run, as Markdown."""
    lines = []
    for number, one in enumerate(children):
        name, note = ("", "") if mlflow_exported.is_exported(one.tags) else (one.tags.get(_NAME), one.tags.get(_NOTE))
        own = [tag for tag in _tags(one) if tag not in tags]
        if about := "; ".join(" ".join(values.text(part).split()) for part in (name, *own, note) if part):
            lines.append(f"- group {number}: {about}")
    return "\n".join(["Groups in MLflow:", "", *lines]) if lines else ""


def _as_group(run: MlflowRun) -> StoredGroup:
    known = mlflow_exported.end_of(run.tags, run.status)
    state, reason, exit_code = known or (_ENDS.get(run.status), "", None)
    names = mlflow_exported.metrics_of(run.tags, run.metrics)
    return StoredGroup(
        parameters=run.params,
        args=mlflow_exported.args_of(run.tags, run.params),
        metrics={names[called]: value for called, value in run.metrics.items()},
        state=state,
        reason=reason,
        exit_code=exit_code,
        started=None if run.start_ms is None else run.start_ms / 1_000,
        ended=None if run.end_ms is None else run.end_ms / 1_000,
        curves=partial(_curves, run, names),
        files=run.files,
    )


def _curves(run: MlflowRun, names: Mapping[str, str]) -> Iterable[series_rows.Row]:
    """Return the rows of metrics that were logged more than once, by their names here."""
    found = {values.measured(names[name]): curve for name in run.metrics if (curve := curve_of(run.history(name)))}
    found.pop("", None)
    return series_rows.rows_of({name: curve for name, curve in found.items() if len(curve.steps) > 1})
