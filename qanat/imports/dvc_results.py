"""What DVC and DVCLive leave in a folder or a commit: parameters, metrics, curves and files."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from qanat.domain import series_rows
from qanat.errors import InputInvalid
from qanat.imports import reading, values
from qanat.imports.series import curve_of
from qanat.imports.stored import StoredFile
from qanat.records import yaml_io
from qanat.system import below

DVC, LOCK, PARAMS, METRICS = "dvc.yaml", "dvc.lock", "params.yaml", "metrics.json"
PLOTS = "plots/metrics"
# The step that DVCLive has reached, among its metrics.
_STEP = "step_"
_FILES_MAX = 10_000


class Files(Protocol):
    """The files of a folder or of a commit, by their paths."""

    def has(self, path: str) -> bool:
        """Return whether there is such a regular file."""

    def below(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the paths and the sizes of the files below a folder."""

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""


class FolderFiles:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, path: str) -> bool:
        """Return whether there is such a regular file."""
        return below.has_file(self._folder, path)

    def below(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the paths and the sizes of the files below a folder."""
        for file in reading.files_below(self._folder, folder):
            yield f"{folder}/{file.path}" if folder else file.path, file.bytes or 0

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the bytes of a file. Raises InputInvalid."""
        return below.read(self._folder, path, limit_bytes)


class Results:
    """The results of a run; `named` is what messages call the place. With `live`, only those of a log of DVCLive."""

    def __init__(self, files: Files, named: str, live: str | None = None) -> None:
        self._files, self._named, self._live = files, named, live

    @property
    def has_metrics(self) -> bool:
        """Whether there is any file of metrics."""
        return bool(self._metrics_files)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters: those that DVC noted for its stages or, without them, those in the files."""
        found: dict[str, Any] = {}
        for stage in self._stages(LOCK).values():
            for noted in _mapping(stage.get("params")).values():
                found |= _mapping(noted)
        if self._live is None and not found and self._files.has(PARAMS):
            found = self._load(PARAMS)
        for folder in self._live_folders:
            if self._files.has(path := _joined(folder, PARAMS)):
                found |= self._load(path)
        return found

    def metrics(self) -> dict[str, float]:
        """Return the numbers in the files of metrics."""
        found: dict[str, float] = {}
        for path in self._metrics_files:
            found |= values.numbers(self._load(path))
        return without_step(found)

    def curves(self) -> Iterable[series_rows.Row]:
        """Return the rows of the curves of DVCLive."""
        curves = {}
        for folder in self._live_folders:
            plots = _joined(folder, PLOTS)
            for path, _ in self._files.below(plots):
                name = path.removeprefix(f"{plots}/").removesuffix(".tsv")
                if path.endswith(".tsv") and (curve := curve_of(self._points(path))):
                    curves[values.measured(name.replace("/", "."))] = curve
        curves.pop("", None)
        return series_rows.rows_of(curves)

    def files(self) -> Iterable[StoredFile]:
        """Return the other files of DVCLive, such as its images."""
        for folder in self._live_folders:
            for place, (path, size) in enumerate(self._files.below(folder)):
                if place == _FILES_MAX:
                    raise InputInvalid(f"{self._named}: {folder} has more than {_FILES_MAX:,} files")
                if not path.endswith(".tsv") and path.rpartition("/")[2] not in (METRICS, PARAMS):
                    yield StoredFile(path, size, partial(self._opened, path))

    def program(self) -> str:
        """Return the program of the last stage, if it is a file here."""
        commands = [str(stage.get("cmd", "")) for stage in self._stages(LOCK).values()]
        for command in reversed(commands):
            try:
                words = shlex.split(command)
            except ValueError:
                continue
            if found := [word for word in words if self._files.has(word)]:
                return values.program(found[0])
        return ""

    # ---- files

    @cached_property
    def _metrics_files(self) -> list[str]:
        """The files of metrics: those that dvc.yaml names, and the usual ones."""
        if self._live is not None:
            return [_joined(self._live, METRICS)]
        content = self._load(DVC) if self._files.has(DVC) else {}
        listed = [content.get("metrics"), *(stage.get("metrics") for stage in self._stages(DVC).values())]
        named = [name for found in listed if isinstance(found, list) for name in _names(found)]
        return [path for path in dict.fromkeys((*named, f"dvclive/{METRICS}", METRICS)) if self._files.has(path)]

    @cached_property
    def _live_folders(self) -> list[str]:
        """The folders of DVCLive: those of files of metrics that have curves beside them."""
        if self._live is not None:
            return [self._live]
        folders = dict.fromkeys(path.rpartition("/")[0] for path in self._metrics_files)
        return [folder for folder in folders if next(iter(self._files.below(_joined(folder, PLOTS))), None)]

    def _stages(self, path: str) -> dict[str, Mapping[str, Any]]:
        content = self._load(path) if self._live is None and self._files.has(path) else {}
        return {name: _mapping(stage) for name, stage in _mapping(content.get("stages")).items()}

    def _load(self, path: str) -> dict[str, Any]:
        data = self._read(path, reading.FILE_BYTES_MAX)
        named = f"{self._named}: {path}"
        try:
            found = json.loads(data) if path.endswith(".json") else yaml_io.load(data, named, own=True)
        except (ValueError, RecursionError) as error:
            raise InputInvalid(f"{named} is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise InputInvalid(f"{named} is not a mapping")
        return found

    def _read(self, path: str, limit_bytes: int) -> bytes:
        try:
            return self._files.read(path, limit_bytes)
        except InputInvalid as error:
            raise InputInvalid(f"{self._named}: {error.message}") from None

    def _points(self, path: str) -> Iterator[tuple[Any, Any]]:
        """Yield the points in a table of DVCLive, whose first column is the step and whose last is the value."""
        lines = io.BytesIO(self._read(path, reading.NUMBERS_BYTES_MAX))
        header = lines.readline().decode("utf-8", "replace").rstrip("\r\n").split("\t")
        step = header.index("step") if "step" in header else 0
        for line in lines:
            cells = line.split(b"\t")
            try:
                yield _whole(float(cells[step])), float(cells[-1])
            except (ValueError, IndexError):
                continue

    def _opened(self, path: str) -> io.BytesIO:
        return io.BytesIO(self._read(path, reading.NUMBERS_BYTES_MAX))


def without_step(found: dict[str, float]) -> dict[str, float]:
    """Return metrics without the step that DVCLive notes among them."""
    return {name: value for name, value in found.items() if name != _STEP}


def _names(found: list[Any]) -> Iterator[str]:
    for one in found:
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from one


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
