"""A project of qanat 0.x: its database, made with plain SQL, its settings, and the files that its runs left."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

TABLES = """
CREATE TABLE experiments (id INTEGER PRIMARY KEY, path VARCHAR, name VARCHAR, description VARCHAR,
  created DATETIME DEFAULT CURRENT_TIMESTAMP, updated DATETIME DEFAULT CURRENT_TIMESTAMP,
  executable VARCHAR, executable_command VARCHAR);
CREATE TABLE datasets (id INTEGER PRIMARY KEY, path VARCHAR, name VARCHAR, description VARCHAR,
  created DATETIME DEFAULT CURRENT_TIMESTAMP, updated DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name VARCHAR, description VARCHAR);
CREATE TABLE actions (id INTEGER PRIMARY KEY, experiment_id INTEGER REFERENCES experiments (id), name VARCHAR,
  executable VARCHAR, executable_command VARCHAR, description VARCHAR,
  created DATETIME DEFAULT CURRENT_TIMESTAMP, updated DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE runs_of_experiments (id INTEGER PRIMARY KEY, experiment_id INTEGER REFERENCES experiments (id),
  launched DATETIME, finished DATETIME, status VARCHAR DEFAULT 'Not started', storage_path VARCHAR,
  description VARCHAR, metric VARCHAR, commit_sha VARCHAR, runner VARCHAR, container_path VARCHAR,
  runner_params VARCHAR, progress VARCHAR DEFAULT '', comment_file VARCHAR, param_file VARCHAR);
CREATE TABLE runs_tags (id INTEGER PRIMARY KEY, run_id INTEGER, tag_id INTEGER);
CREATE TABLE groups_of_parameters (id INTEGER PRIMARY KEY, run_id INTEGER, "values" VARCHAR);
CREATE TABLE datasets_experiments (id INTEGER PRIMARY KEY, experiment_id INTEGER, dataset_id INTEGER);
CREATE TABLE experiments_tags (id INTEGER PRIMARY KEY, experiment_id INTEGER, tag_id INTEGER);
CREATE TABLE datasets_tags (id INTEGER PRIMARY KEY, dataset_id INTEGER, tag_id INTEGER);
"""
LAUNCHED, FINISHED = "2023-06-29 13:17:58.000000", "2023-06-29 13:18:15.250000"
PROGRAM = "import sys\nprint(*sys.argv[1:])\n"
CONFIG = {
    "default_editor": "vim",
    "htcondor": {
        "default": {"+WishedAcctGroup": "group_usmb.listic", "getenv": "true", "request_cpus": 1},
        "two cpus": {"request_cpus": 2, "request_memory": "2GB"},
    },
    "logging": "INFO",
    "result_dir": "results",
    "slurm": {"default": {"--cpus-per-task": 1, "--ntasks": 1, "--time": "1-00:00:00"}},
}


class V0Project:
    """A folder as qanat 0.x had it; `commit` is the one that its runs are of."""

    def __init__(self, root: Path, commit: str = "") -> None:
        self.root = root
        self.commit = commit
        self.database = root / ".qanat/database.db"
        self.database.parent.mkdir(parents=True, exist_ok=True)
        self.sql(TABLES)

    def sql(self, script: str) -> None:
        """Run SQL statements on the database."""
        with closing(sqlite3.connect(self.database)) as database:
            database.executescript(script)

    def insert(self, table: str, **values: Any) -> None:
        """Insert a row into a table."""
        columns = ", ".join(f'"{name}"' for name in values)
        statement = f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(values))})'
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(statement, tuple(values.values()))

    def configure(self, **changes: Any) -> None:
        """Write config.yaml as qanat 0.x did, with some keys changed."""
        (self.database.parent / "config.yaml").write_text(yaml.safe_dump(CONFIG | changes))

    def experiment(self, number: int = 1, name: str = "summary_iris", **values: Any) -> None:
        """Add an experiment, with its program."""
        program = self.root / "experiments/iris.py"
        program.parent.mkdir(exist_ok=True)
        program.write_text(PROGRAM)
        row = {"path": "experiments", "description": "Summary statistics", "executable": "experiments/iris.py"}
        self.insert("experiments", id=number, name=name, **{**row, "executable_command": "python", **values})

    def run(
        self,
        number: int,
        parameters: Sequence[Mapping[str, Any]] = ({},),
        info: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        """Add a run; `info` or `files` also create its storage directory with these files."""
        storage = values.get("storage_path", f"results/summary_iris/run_{number}")
        row = {"experiment_id": 1, "launched": LAUNCHED, "finished": FINISHED, "status": "finished", "description": ""}
        row |= {"commit_sha": self.commit, "runner": "local", "runner_params": "{}", "storage_path": storage}
        self.insert("runs_of_experiments", id=number, **(row | values))
        for group in parameters:
            self.insert("groups_of_parameters", run_id=number, values=json.dumps(group))
        written = dict(files or {})
        if info is not None:
            written["info.yaml"] = yaml.dump({"run_id": number, **info})
        for name, content in written.items():
            file = self.root / storage / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    def many_runs(self, numbers: Iterable[int]) -> None:
        """Add finished runs of the first experiment that consist of nothing but their rows."""
        rows = [(number, f"results/summary_iris/run_{number}") for number in numbers]
        columns = "id, storage_path, experiment_id, status"
        statement = f"INSERT INTO runs_of_experiments ({columns}) VALUES (?, ?, 1, 'finished')"
        with closing(sqlite3.connect(self.database)) as database, database:
            database.executemany(statement, rows)

    def tag(self, table: str, key: str, number: int, *names: str) -> None:
        """Link tags to a row: tag("runs_tags", "run_id", 4, "paper")."""
        for name in names:
            with closing(sqlite3.connect(self.database)) as database, database:
                found = database.execute("SELECT id FROM tags WHERE name = ?", (name,)).fetchone()
                tag = found[0] if found else database.execute("INSERT INTO tags (name) VALUES (?)", (name,)).lastrowid
            self.insert(table, **{key: number, "tag_id": tag})
