"""Runs of Weights & Biases that are files here: the folders of its runs, offline ones, too, and exported tables."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from qanat.domain.run import State
from qanat.errors import InputInvalid
from qanat.imports import reading, values, wandb_log
from qanat.imports.stored import Listed, StoredFile, StoredGroup, StoredRun
from qanat.system import below, files

HINT = "name the folder wandb/, that of a run, or a CSV or JSON file that was exported"
TABLES = (".csv", ".json")
FOLDERS_DEEP = 3
_ENDING = ".wandb"
_PRINTED_BYTES_MAX = 16 * 2**20
# What describes the run itself, with paths of the machine that it ran on.
_OWN = frozenset({"config.yaml", "wandb-metadata.json", "wandb-summary.json", "output.log"})


class WandbSource:
    """A folder with runs of Weights & Biases or exported tables, or one such table."""

    def __init__(self, source: str, root: Path) -> None:
        path = Path(source).expanduser()
        self.shown = values.shown_source(source, root)
        self._problems: list[str] = []
        if files.is_folder(path):
            self._folder, self._logs, self._tables = path, *_found(path)
        elif files.is_file(path) and path.suffix in TABLES:
            self._folder, self._logs, self._tables = path.parent, [], [path.name]
        else:
            raise InputInvalid(f"{source} is neither a folder nor a CSV or JSON file", hint=HINT)
        if not self._logs and not self._tables:
            raise InputInvalid(f"{source} has no runs of Weights & Biases and no CSV or JSON file", hint=HINT)

    def problems(self) -> Sequence[str]:
        """List the files that could not be read so far."""
        return self._problems

    def runs(self) -> Iterator[Listed]:
        """Yield the runs of logs by the times of their folders, then those of tables."""
        for log in self._logs:
            run_id = log.rpartition("/")[2].removeprefix("run-").removesuffix(_ENDING)
            yield Listed(values.text(run_id), partial(self._read, log, run_id))
        if self._tables:
            from qanat.imports import wandb_tables

            yield from wandb_tables.runs(self._folder, self._tables, self._problems)

    def _read(self, log: str, run_id: str) -> StoredRun:
        said, others = _Said(), dict[str, None]()
        for record in wandb_log.records(self._folder, log):
            said.add(record)
        folder = log.rpartition("/")[0]
        inside = f"{folder}/files" if folder else "files"
        printed = f"{inside}/output.log"
        run = said.as_run(
            run_id,
            curves=partial(wandb_log.rows, self._folder, log, others),
            files=partial(self._files, inside),
            printed=partial(below.open_file, self._folder, printed) if below.has_file(self._folder, printed) else None,
        )
        return replace(run, remarks=partial(wandb_log.remarks, others))

    def _files(self, folder: str) -> Iterator[StoredFile]:
        return (file for file in reading.files_below(self._folder, folder) if file.path not in _OWN)


def _found(folder: Path) -> tuple[list[str], list[str]]:
    """Return the logs of runs below a folder, and the tables in it."""
    logs, stack = [], [("", 0)]
    while stack:
        place, depth = stack.pop()
        for entry in below.entries(folder, place):
            path = f"{place}/{entry.name}" if place else entry.name
            if entry.is_folder and depth < FOLDERS_DEEP:
                stack.append((path, depth + 1))
            elif entry.is_file and entry.name.endswith(_ENDING):
                logs.append(path)
    tables = [e.name for e in below.entries(folder, "") if e.is_file and e.name.endswith(TABLES)]
    return sorted(logs), [] if logs else sorted(tables)


@dataclass
class _Said:
    """What the records of a log say about a run; later ones count more."""

    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    run: Any = None
    commit: str = ""
    program: str = ""
    author: str = ""
    exit_code: int | None = None
    runtime_s: float = 0.0
    printed: list[bytes] = field(default_factory=list)
    printed_bytes: int = 0

    def add(self, record: Any) -> None:
        """Note what a record says."""
        match record.WhichOneof("record_type"):
            case "run":
                self.run = record.run
                self.config.update(wandb_log.items(record.run.config.update))
                self.commit = record.run.git.commit or self.commit
            case "config":
                self.config.update(wandb_log.items(record.config.update))
                for name, _ in wandb_log.items(record.config.remove):
                    self.config.pop(name, None)
            case "summary":
                self.summary.update(wandb_log.items(record.summary.update))
            case "environment":
                about = record.environment
                self.commit = about.git.commit or self.commit
                self.program = about.code_path or about.program or self.program
                self.author = about.username or self.author
            case "exit":
                self.exit_code, self.runtime_s = record.exit.exit_code, float(record.exit.runtime)
            case "output_raw":
                data = record.output_raw.line.encode()
                self.printed_bytes += len(data)
                self.printed += [data] if self.printed_bytes <= _PRINTED_BYTES_MAX else []

    def as_run(self, run_id: str, *, curves: Any, files: Any, printed: Any) -> StoredRun:
        """Return the run; the beginning of a log may be all that is left of it."""
        about = self.run
        started = None if about is None else about.start_time.seconds + about.start_time.nanos / 1e9
        took = max(self.runtime_s, 0.0, *values.numbers({"_runtime": self.summary.get("_runtime")}).values())
        group = StoredGroup(
            parameters=without_own(self.config),
            metrics=values.numbers(without_own(self.summary)),
            state=state_of(self.exit_code),
            reason=f"exit code {self.exit_code}" if self.exit_code else "",
            exit_code=self.exit_code,
            started=started,
            ended=None if started is None or self.exit_code is None else started + took,
            host="" if about is None else about.host,
            curves=curves,
            files=files,
            printed=printed or (self._open_printed if self.printed else None),
        )
        labels = () if about is None else (("group", about.run_group), ("job_type", about.job_type))
        return StoredRun(
            id=run_id,
            experiment=(about.project if about is not None else "") or "wandb",
            groups=(group,),
            description="" if about is None else about.display_name,
            notes="" if about is None else about.notes,
            tags=[*([] if about is None else about.tags), *(values.pair(*label) for label in labels if label[1])],
            author=self.author,
            commit=values.commit(self.commit),
            program=values.program(self.program),
        )

    def _open_printed(self) -> BinaryIO:
        return io.BytesIO(b"".join(self.printed))


def state_of(exit_code: int | None) -> State | None:
    """Return how a run ended; None without an exit code."""
    return None if exit_code is None else State.FAILED if exit_code else State.FINISHED


def without_own(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the program set, without what Weights & Biases itself keeps there."""
    return {name: value for name, value in content.items() if not name.startswith("_")}
