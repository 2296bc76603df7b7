"""The files of MLflow's folder mlruns/, which today's MLflow refuses to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain import metrics
from qanat.errors import InputInvalid
from qanat.imports import reading
from qanat.imports.mlflow import MlflowRun
from qanat.imports.series import Point
from qanat.imports.stored import StoredFile
from qanat.system import below

META = "meta.yaml"
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_VALUE_BYTES_MAX = 2**20
_BLOCK_BYTES = 2**20


class FileStore:
    """The folder mlruns/: a folder for each experiment, and in it one for each run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: list[str] = []

    def problems(self) -> Sequence[str]:
        """List the files that could not be read so far."""
        return self._problems

    def runs(self) -> Iterator[MlflowRun]:
        """Yield the runs that are not deleted, the oldest of an experiment first."""
        for experiment in sorted(self._folders("")):
            if (meta := self._meta(experiment)) is None:
                continue
            name = str(meta.get("name") or experiment)
            found = [(run, self._meta(f"{experiment}/{run}")) for run in self._folders(experiment)]
            known = [(run, about) for run, about in found if about is not None]
            for run, about in sorted(known, key=lambda pair: (_ms(pair[1].get("start_time")) or 0, pair[0])):
                try:
                    yield self._run(f"{experiment}/{run}", name, about)
                except InputInvalid as error:
                    self._problems.append(error.message)

    def _folders(self, folder: str) -> list[str]:
        return [e.name for e in below.entries(self._folder, folder) if e.is_folder and not e.name.startswith(".")]

    def _meta(self, folder: str) -> Mapping[str, Any] | None:
        """Return what describes an experiment or a run; None if there is none, or if it is deleted."""
        path = f"{folder}/{META}"
        if not reading.exists(self._folder, path):
            return None
        try:
            meta = reading.load_mapping(self._folder, path)
        except InputInvalid as error:
            self._problems.append(error.message)
            return None
        return None if meta.get("lifecycle_stage") == "deleted" else meta

    def _run(self, folder: str, experiment: str, meta: Mapping[str, Any]) -> MlflowRun:
        tags = self._texts(f"{folder}/tags")
        named = {"mlflow.runName": meta.get("run_name"), "mlflow.user": meta.get("user_id")}
        status = meta.get("status")
        return MlflowRun(
            id=str(meta.get("run_id") or folder.rpartition("/")[2]),
            experiment=experiment,
            status=_STATUS.get(status, "") if isinstance(status, int) else str(status),
            start_ms=_ms(meta.get("start_time")),
            end_ms=_ms(meta.get("end_time")),
            params=self._texts(f"{folder}/params"),
            metrics=self._last(f"{folder}/metrics"),
            tags={key: str(value) for key, value in named.items() if value} | tags,
            history=partial(self._history, f"{folder}/metrics"),
            files=partial(self._files, f"{folder}/artifacts"),
        )

    def _texts(self, folder: str) -> dict[str, str]:
        """Return the content of each file below a folder, by its path."""
        found = {}
        for file in reading.files_below(self._folder, folder):
            with file.open() as opened:
                found[file.path] = opened.read(_VALUE_BYTES_MAX).decode("utf-8", "replace")
        return found

    def _last(self, folder: str) -> dict[str, float]:
        """Return the last value of each metric, of whose file only the end is read."""
        found = {}
        for file in reading.files_below(self._folder, folder):
            with file.open() as opened:
                opened.seek(max(0, (file.bytes or 0) - 4_096))
                points = [point for line in opened.read(8_192).splitlines() if (point := _point(line))]
            if points:
                found[file.path] = metrics.bounded(points[-1][1])
        return found

    def _history(self, folder: str, name: str) -> Iterable[Point]:
        try:
            with below.open_file(self._folder, f"{folder}/{name}") as opened:
                for line in opened:
                    if point := _point(line):
                        yield point
        except OSError as error:
            raise InputInvalid(f"{reading.named(self._folder, f'{folder}/{name}')}: {error}") from None

    def _files(self, folder: str) -> Iterable[StoredFile]:
        return reading.files_below(self._folder, folder)


def _point(line: bytes) -> Point | None:
    """Return the point in a line such as `1796028966750 0.5 3`, whose step may be missing; None for a broken one."""
    parts = line.split()
    try:
        return (int(parts[2]) if len(parts) > 2 else 0), float(parts[1])
    except (ValueError, IndexError):
        return None


def _ms(value: Any) -> float | None:
    return value if metrics.is_number(value) else None
