"""Runs of Sacred, as its FileStorageObserver writes them: a folder for each run, named by its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qanat.domain import metrics, series_rows
from qanat.domain.curves import Curve
from qanat.domain.run import State
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.imports import reading, values
from qanat.imports.series import curve_of
from qanat.imports.stored import Listed, StoredFile, StoredGroup, StoredRun
from qanat.system import below, files

RUN, CONFIG, METRICS, INFO, PRINTED = "run.json", "config.json", "metrics.json", "info.json", "cout.txt"
_OWN = frozenset({RUN, CONFIG, METRICS, INFO, PRINTED})
_NAMED_MAX = 20
_ENDS = {
    "COMPLETED": State.FINISHED,
    "FAILED": State.FAILED,
    "INTERRUPTED": State.CANCELLED,
    "TIMEOUT": State.FAILED,
    "DIED": State.FAILED,
}


class SacredSource:
    """A folder of Sacred's runs, or that of a single run."""

    def __init__(self, source: str, root: Path) -> None:
        self._folder = Path(source).expanduser()
        self._problems: list[str] = []
        self.shown = values.shown_source(source, root)
        if not files.is_folder(self._folder):
            raise InputInvalid(f"{source} is not a folder", hint="name the folder of Sacred's FileStorageObserver")

    def problems(self) -> Sequence[str]:
        """List the files of runs that could not be read."""
        return self._problems

    def runs(self) -> Iterator[Listed]:
        """Yield the runs by their numbers. Raises InputInvalid if there is none."""
        if reading.exists(self._folder, RUN):
            names = [""]
        else:
            found = (entry.name for entry in below.entries(self._folder, "") if entry.is_folder)
            names = sorted((n for n in found if reading.exists(self._folder, f"{n}/{RUN}")), key=_order)
        if not names:
            raise InputInvalid(
                f"{self._folder} has no runs of Sacred: no folder in it contains {RUN}",
                hint="name the folder of Sacred's FileStorageObserver",
            )
        for name in names:
            try:
                run = reading.load_mapping(self._folder, f"{name}/{RUN}" if name else RUN)
            except InputInvalid as error:
                self._problems.append(error.message)
            else:
                yield Listed(self._id(name, run), partial(self._read, name, run))

    def _id(self, name: str, run: Mapping[str, Any]) -> str:
        """Return the id of a run. Numbers start again in each store, so the time of its start is part of it."""
        return values.text(f"{name or self._folder.name}@{values.text(run.get('start_time')) or 'unknown'}")

    def _read(self, name: str, run: Mapping[str, Any]) -> StoredRun:
        at = f"{name}/" if name else ""
        config = reading.optional_mapping(self._folder, f"{at}{CONFIG}")
        experiment, meta = _mapping(run.get("experiment")), _mapping(run.get("meta"))
        repositories = [_mapping(one) for one in _list(experiment.get("repositories"))]
        command = values.text(run.get("command"))
        group = StoredGroup(
            parameters={key: value for key, value in config.items() if not str(key).startswith("__")},
            metrics=_results(run.get("result")),
            state=_ENDS.get(str(run.get("status"))),
            reason=_reason(run),
            started=values.utc_seconds(run.get("start_time")),
            ended=values.utc_seconds(run.get("stop_time")),
            host=values.text(_mapping(run.get("host")).get("hostname")),
            curves=partial(self._curves, f"{at}{METRICS}"),
            files=partial(self._files, name),
            printed=partial(below.open_file, self._folder, f"{at}{PRINTED}")
            if below.has_file(self._folder, f"{at}{PRINTED}")
            else None,
        )
        return StoredRun(
            id=self._id(name, run),
            experiment=values.text(experiment.get("name")) or "sacred",
            groups=(group,),
            description=command if command not in ("", "main") else "",
            notes=values.text(_mapping(meta.get("options")).get("--comment") or meta.get("comment"), values.NOTES_MAX),
            commit=next((c for one in repositories if (c := values.commit(one.get("commit")))), ""),
            program=values.program(experiment.get("mainfile")),
            remarks=partial(_left_out, run.get("result")),
        )

    def _curves(self, path: str) -> Iterable[series_rows.Row]:
        content = reading.load_mapping(self._folder, path, reading.NUMBERS_BYTES_MAX) if self._has(path) else {}
        curves: dict[str, Curve] = {}
        for name, found in content.items():
            points = _mapping(found)
            if curve := curve_of(zip(_list(points.get("steps")), _list(points.get("values")), strict=False)):
                curves[values.measured(name)] = curve
        curves.pop("", None)
        return series_rows.rows_of(curves)

    def _has(self, path: str) -> bool:
        return reading.exists(self._folder, path)

    def _files(self, name: str) -> Iterator[StoredFile]:
        return (file for file in reading.files_below(self._folder, name) if file.path not in _OWN)


def _results(result: Any) -> dict[str, float]:
    if metrics.is_number(result):
        return {"result": metrics.bounded(result)}
    return values.numbers({"result": result}) if isinstance(result, dict) else {}


def _left_out(result: Any) -> list[str]:
    """Return sentences on what a result has that is not a number."""
    found = values.flat({"result": result}) if result is not None else ()
    names = [name for name, value in found if not metrics.is_number(value)]
    return [f"{quoted(name)} is not a number, so it is left out" for name in names[:_NAMED_MAX]]


def _reason(run: Mapping[str, Any]) -> str:
    status = str(run.get("status"))
    if status in ("COMPLETED", "RUNNING"):
        return ""
    trace = [values.text(line).strip() for line in _list(run.get("fail_trace"))]
    said = {"INTERRUPTED": "interrupted", "TIMEOUT": "it took too long"}.get(status, "")
    return next((line for line in reversed(trace) if line), said)


def _order(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() and len(name) < 10 else (1, 0, name)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
