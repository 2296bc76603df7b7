"""MLflow's own client: servers and databases."""

from __future__ import annotations

import importlib
import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from qanat.domain import metrics, redaction
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, PackageMissing
from qanat.imports import reading
from qanat.imports.mlflow import HINT, MlflowRun
from qanat.imports.series import Point
from qanat.imports.stored import StoredFile
from qanat.system import files
from qanat.usecases import packages
from qanat.usecases.exports import mlflow_database
from qanat.usecases.exports.mlflow_names import RUN, restored
from qanat.usecases.exports.tracking_server import said_by

PAGE = 1_000
INFINITE = "±1.797e308, which MLflow's databases have in place of infinite numbers, is infinity here"
STARTED = "attributes.start_time >= 0"
# A server that does not answer is asked for half an hour otherwise.
_SURROUNDINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class ClientStore:
    """A tracking server, or a database: a file of SQLite, or a URI that MLflow understands."""

    def __init__(self, source: str, local: Path | None, shown: str) -> None:
        self._shown, self._source = shown, source
        self._problems: list[str] = []
        self._folder = None if local is None else Path(os.path.realpath(local)).parent
        if local is not None:
            _check_database(local, source)
            source = f"sqlite:///{Path(os.path.realpath(local))}"
        self._client = self._asked(partial(_client, source))

    def problems(self) -> Sequence[str]:
        """List the experiments of which not all runs could be read so far."""
        return self._problems

    def runs(self) -> Iterator[MlflowRun]:
        """Yield the runs that are not deleted, the oldest of an experiment first."""
        token = None
        while True:
            page = self._asked(partial(self._client.search_experiments, max_results=PAGE, page_token=token))
            for experiment in sorted(page, key=lambda one: str(one.experiment_id)):
                yield from self._runs_of(experiment)
            token = page.token
            if not token:
                return

    def _runs_of(self, experiment: Any) -> Iterator[MlflowRun]:
        """Yield the runs of an experiment. One without a start makes the client refuse all that it would list."""
        try:
            found = list(self._found(experiment, ""))
        except InputInvalid as error:
            found = list(self._found(experiment, STARTED))
            name = quoted(str(experiment.name))
            self._problems.append(f"{error.message}; of experiment {name}, runs without a start are left out")
        for run in found:
            yield self._run(run, experiment)

    def _found(self, experiment: Any, condition: str) -> Iterator[Any]:
        token, ids, order = None, [experiment.experiment_id], ["attributes.start_time ASC"]
        search = partial(self._client.search_runs, ids, condition, max_results=PAGE, order_by=order)
        while True:
            page = self._asked(partial(search, page_token=token))
            yield from page
            token = page.token
            if not token:
                return

    def _run(self, run: Any, experiment: Any) -> MlflowRun:
        info, data, remarks = run.info, run.data, dict[str, None]()
        return MlflowRun(
            id=info.run_id,
            experiment=experiment.name,
            status=info.status,
            start_ms=info.start_time,
            end_ms=info.end_time,
            params=data.params,
            metrics={name: _restored(metrics.bounded(value), remarks) for name, value in data.metrics.items()},
            tags=data.tags,
            history=partial(self._history, info.run_id, remarks, RUN in data.tags),
            files=partial(self._files, info),
            remarks=remarks,
        )

    def _history(self, run_id: str, remarks: dict[str, None], is_exported: bool, name: str) -> Iterable[Point]:
        found = self._asked(partial(self._client.get_metric_history, run_id, name))
        points = sorted(found, key=lambda one: (one.step, one.timestamp))
        if is_exported:
            points = [one for before, one in pairwise([None, *points]) if not _is_metric(one, before)]
        return ((one.step, _restored(one.value, remarks)) for one in points)

    def _files(self, info: Any) -> Iterable[StoredFile]:
        """Return the artifacts of a run, from the folder of the database, or through the server.

        A database may name any folder of this machine for them: those outside of its own are left alone.
        """
        scheme = urlsplit(info.artifact_uri).scheme
        if self._folder is not None:
            return self._local_files(info, unquote(urlsplit(info.artifact_uri).path))
        if scheme not in ("mlflow-artifacts", "http", "https"):
            raise InputInvalid(f"the files of run {info.run_id} are not on the server: import it without --with-files")
        return self._remote_files(info.run_id, "")

    def _local_files(self, info: Any, recorded: str) -> Iterator[StoredFile]:
        folder = self._folder
        assert folder is not None  # noqa: S101  # for the checker of types
        usual = f"{info.experiment_id}/{info.run_id}/artifacts"
        at = Path(os.path.normpath(recorded))
        own = [at.relative_to(folder).as_posix()] if at.is_relative_to(folder) else []
        for place in (*own, f"mlruns/{usual}", f"mlartifacts/{usual}", usual):
            if files.is_folder(folder / place):
                return reading.files_below(folder, place)
        return iter(())

    def _remote_files(self, run_id: str, folder: str, depth: int = 0) -> Iterator[StoredFile]:
        for one in self._asked(partial(self._client.list_artifacts, run_id, folder or None)):
            if one.is_dir and depth < reading.FOLDERS_DEEP:
                yield from self._remote_files(run_id, one.path, depth + 1)
            elif not one.is_dir:
                yield StoredFile(one.path, one.file_size, partial(self._fetched, run_id, one.path))

    def _fetched(self, run_id: str, path: str) -> Any:
        from tempfile import TemporaryDirectory  # only for files of a server

        with TemporaryDirectory(prefix="qanat-") as folder:
            fetch = partial(self._client.download_artifacts, run_id, path, folder)
            return files.open_for_reading(Path(self._asked(fetch)))

    def _asked(self, ask: Any) -> Any:
        """Return what the client answers. Raises InputInvalid for whatever it raises, without credentials."""
        try:
            return ask()
        except (InputInvalid, PackageMissing):
            raise
        except Exception as error:  # noqa: BLE001  # those of requests, of SQLAlchemy, of each plug-in
            said = redaction.redacted(said_by(error).replace(self._source, self._shown))
            raise InputInvalid(f"MLflow cannot read {self._shown}: {said}", hint=HINT) from None


def _restored(value: Any, remarks: dict[str, None]) -> Any:
    """Return a number, infinity for what MLflow's databases have in its place, which becomes a remark."""
    number = restored(value)
    if math.isinf(number) and not math.isinf(value):
        remarks[INFINITE] = None
    return number


def _is_metric(point: Any, before: Any) -> bool:
    """Return whether a point that qanat exported is the metric that differs from the end of the curve of its name."""
    return before is not None and (point.step, point.timestamp) == (before.step, before.timestamp + 1)


def _client(source: str) -> Any:
    for name, value in _SURROUNDINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError:
        raise packages.missing("servers and databases of MLflow require", "mlflow", extra="mlflow") from None
    return mlflow.MlflowClient(tracking_uri=source)


def _check_database(path: Path, source: str) -> None:
    """Raise InputInvalid for a file that is not a database of MLflow, since its client would turn it into one."""
    if not files.is_file(path):
        raise InputInvalid(f"{source}: there is no such file or folder", hint=HINT)
    if not mlflow_database.is_database(path, source, HINT):
        raise InputInvalid(f"{source} is not a database of MLflow: it has no tables", hint=HINT)
