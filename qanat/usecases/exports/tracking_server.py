"""What MLflow keeps runs in: a server, or a database. The only module that knows the client of MLflow."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from qanat.domain.redaction import redacted
from qanat.domain.shortening import shortened
from qanat.errors import RunnerUnavailable
from qanat.system import files, installation
from qanat.usecases import packages
from qanat.usecases.exports import mlflow_database
from qanat.usecases.exports.mlflow_names import GROUP, METRICS_AT_ONCE, OTHERS_AT_ONCE, RUN

if TYPE_CHECKING:
    from mlflow import MlflowClient

# A name, a value, a time in milliseconds, and a step.
Value = tuple[str, float, int, int]
DIGEST, PARENT = "qanat.exported", "mlflow.parentRunId"
_SQLITE = "sqlite:///"
# urllib3 repeats the address, and names classes of Python, before it says why.
_NOT_CONNECTED = re.compile(r"Max retries exceeded.*\[Errno -?[0-9]+\] ([\w ]+)")
_SUFFIXES = (".db", ".sqlite", ".sqlite3")
# What MLflow 3 says of an address that is a path, in a paragraph.
_FOLDERS = "filesystem tracking backend"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_NEW = "database such as sqlite:///mlflow.db"
_HINT = f"nothing was written; name a new {_NEW}"
_LOGGERS = ("mlflow", "alembic")
_PAGE = 1_000
_MESSAGE_MAX = 300
# MLflow would tell its makers how it is used, ask a server that does not answer for minutes, and print addresses.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data that a run has read."""

    name: str
    digest: str
    source: str


@dataclass(frozen=True, slots=True)
class Known:
    """A run of MLflow: its id there, its parameters, and the digest of what was exported to it; empty if not all."""

    id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


class Server:
    """Runs in MLflow, at an address such as `sqlite:///mlflow.db` or `https://mlflow.example.org`, or in a file."""

    def __init__(self, uri: str) -> None:
        """Open it. Raises PackageMissing, RunnerUnavailable, InputInvalid for a database of something else."""
        self.uri = _address(uri)
        _check_file(self.uri)
        new = _new_client()  # MLflow sets its messages up when it is imported
        with answering(self.shown):
            self._client = new(tracking_uri=self.uri)

    @property
    def shown(self) -> str:
        """The address without a password."""
        parts = urlsplit(self.uri)
        host = parts.netloc.rpartition("@")[2]
        return redacted(parts._replace(netloc=host).geturl() if "@" in parts.netloc else self.uri)

    def experiment(self, name: str) -> str:
        """Return the id of an experiment of MLflow, which is created if there is none with this name."""
        found = self._client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, self._artifacts(name)))

    def runs_of(self, experiment: str, run_id: str) -> dict[str, Known]:
        """Return what an experiment has of a run of qanat, by the number of the group; empty for the run itself."""
        found: dict[str, Known] = {}
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [experiment], f"tags.`{RUN}` = '{run_id}'", max_results=_PAGE, page_token=token
            )
            for run in page:
                tags = run.data.tags
                found[tags.get(GROUP, "")] = Known(run.info.run_id, run.data.params, tags.get(DIGEST, ""))
            token = page.token
            if not token:
                return found

    def create(self, experiment: str, name: str, started_ms: int, tags: Mapping[str, str]) -> Known:
        """Create a run in MLflow."""
        found = self._client.create_run(experiment, start_time=started_ms, tags=dict(tags), run_name=name)
        return Known(found.info.run_id)

    def log(self, run: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Add parameters and tags to a run, in as few requests as there can be."""
        from mlflow.entities import Param, RunTag

        items = [*(Param(*item) for item in parameters.items()), *(RunTag(*item) for item in tags.items())]
        for some in _parts(items, OTHERS_AT_ONCE):
            found = [item for item in some if isinstance(item, Param)]
            self._client.log_batch(run, params=found, tags=[item for item in some if isinstance(item, RunTag)])

    def log_values(self, run: str, values: Iterable[Value]) -> None:
        """Add metrics to a run; one that it has, with the same time and step, is not added again."""
        from mlflow.entities import Metric

        for some in _parts((Metric(*value) for value in values), METRICS_AT_ONCE):
            self._client.log_batch(run, metrics=some)

    def log_data(self, run: str, data: Sequence[Dataset]) -> None:
        """Add what a run has read."""
        from mlflow.entities import Dataset as Read
        from mlflow.entities import DatasetInput

        inputs = [DatasetInput(Read(one.name, one.digest, "qanat", one.source), tags=[]) for one in data]
        if inputs:
            self._client.log_inputs(run, inputs)

    def log_file(self, run: str, file: Path, folder: str) -> None:
        """Upload a file into a folder of a run's artifacts."""
        self._client.log_artifact(run, str(file), folder or None)

    def end(self, run: str, status: str, ended_ms: int | None) -> None:
        """Set the status of a run, and when it ended."""
        if ended_ms is None:
            self._client.update_run(run, status=status)
        else:
            self._client.set_terminated(run, status=status, end_time=ended_ms)

    def _artifacts(self, experiment: str) -> str | None:
        """Return where artifacts of a new experiment are stored: beside a file of SQLite, or as the server says.

        By itself, MLflow puts them into the current folder.
        """
        if not self.uri.startswith(_SQLITE):
            return None
        folder = Path(self.uri.removeprefix(_SQLITE)).absolute().parent
        return (folder / "mlartifacts" / quote(experiment, safe=" ")).as_uri()


@contextmanager
def answering(address: str) -> Iterator[None]:
    """Raise RunnerUnavailable, with its first line, for what MLflow raises, and let it print no messages of its own."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        with _quiet():
            yield
    except Exception as error:
        if not _is_of_mlflow(error):
            raise
        line = said_by(error)
        if _FOLDERS in line:
            line = "it no longer keeps runs in folders"
        message = f"MLflow at {address}: {shortened(redacted(line), _MESSAGE_MAX)}"
        raise RunnerUnavailable(message, hint=_remedy(address, line)) from error
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def said_by(error: Exception) -> str:
    """Return the first line of what a client says, or the cause alone if it could not connect."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    cause = _NOT_CONNECTED.search(line)
    return f"it does not answer: {cause[1].lower()}" if cause else line


@contextmanager
def _quiet() -> Iterator[None]:
    """Let MLflow have these settings, unless the user has others, and give no warnings about what it uses itself."""
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _address(uri: str) -> str:
    """Return the address of a database for the path of its file; others as they are."""
    path = Path(uri).expanduser()
    is_database = ":" not in uri and (path.is_file() or path.suffix in _SUFFIXES)
    return f"{_SQLITE}{path}" if is_database else uri


def _check_file(uri: str) -> None:
    scheme, _, path = uri.partition("?")[0].partition(":///")
    if scheme.partition("+")[0] == "sqlite" and files.is_file(Path(path)):
        mlflow_database.is_database(Path(path), path, _HINT)


def _is_of_mlflow(error: Exception) -> bool:
    """Return whether the client, the database behind it or the connection has raised an error."""
    return any(kind.__module__.split(".")[0] in ("mlflow", "sqlalchemy", "requests") for kind in type(error).__mro__)


def _remedy(address: str, line: str) -> str:
    if "unsupported URI" in line and address.startswith(_DATABASES):
        return f"databases need more packages: {installation.to_add('mlflow')}"
    return f"name a server that answers, or a {_NEW}"


def _new_client() -> type[MlflowClient]:
    """Return the class of clients. Raises PackageMissing."""
    try:
        with _quiet():
            from mlflow import MlflowClient
    except ImportError:
        raise packages.missing("exports to MLflow require", "mlflow", extra="mlflow") from None
    return MlflowClient


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while some := [*islice(rest, size)]:
        yield some
