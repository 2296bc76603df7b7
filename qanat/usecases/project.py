"""An open project: its paths, its repository, its settings and definitions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qanat.domain.experiment import Dataset, Experiment
from qanat.domain.names import check_name, nearest
from qanat.errors import InputInvalid, NotFound, ProjectNotFound
from qanat.git import location, repository
from qanat.git.location import Location
from qanat.records import definition_text, definitions, files, schemas, yaml_io
from qanat.records.index import Index
from qanat.records.paths import ProjectPaths

DEFINITION_BYTES_MAX = 4 * 2**20


@dataclass(frozen=True)
class Project:
    """A git repository with a `.qanat/` folder at its root."""

    location: Location

    @cached_property
    def paths(self) -> ProjectPaths:
        """Where everything of this project is."""
        return ProjectPaths(self.location.root)

    @property
    def root(self) -> Path:
        """The project's top folder."""
        return self.location.root

    @cached_property
    def config(self) -> dict[str, Any]:
        """The project's settings; empty when it has no config file."""
        return self.load_valid("config", self.paths.config) if self.paths.config.exists() else {}

    @property
    def result_dir(self) -> Path:
        """Where storage directories are made."""
        return self.root / str(self.config.get("result_dir", "results"))

    @contextmanager
    def index(self) -> Iterator[Index]:
        """Open the derived index; what else lies in the cache is made with it."""
        definition_text.install_schemas(self.paths)
        with Index(self.paths.index, self.root) as index:
            yield index

    # ---- definitions

    def names(self, kind: str) -> list[str]:
        """List the names of all experiments, datasets or documents, in order."""
        return sorted(path.stem for path in self.paths.folder(kind).glob("*.yaml"))

    def templates(self) -> list[tuple[str, str]]:
        """List runner and name of all templates in `.qanat/templates/`, in order."""
        return sorted((path.parent.name, path.stem) for path in self.paths.folder("template").glob("*/*.yaml"))

    def experiment(self, name: str) -> Experiment:
        """Give an experiment. Raises NotFound with the nearest names, InputInvalid with file and line."""
        return definitions.experiment_from(self.definition("experiment", name))

    def experiment_at(self, commit: str, name: str) -> Experiment | None:
        """Give an experiment as a commit defines it; None when the commit has no such file."""
        path = self.paths.relative(self.paths.definition("experiment", check_name("experiment", name)))
        data = repository.read_at(repository.open_repository(self.location), commit, path)
        if data is None:
            return None
        source = f"{path} in {commit[:10]}"
        content = yaml_io.load(data, source)
        schemas.check_version(content, "experiment", source)
        if found := first_problem(data, content, "experiment", source):
            raise InputInvalid(found)
        return definitions.experiment_from(content)

    def dataset(self, name: str) -> Dataset:
        """Give a dataset; errors as for an experiment."""
        return definitions.dataset_from(self.definition("dataset", name))

    def definition(self, kind: str, name: str, runner: str = "") -> dict[str, Any]:
        """Give the valid mapping of a definition; errors as for an experiment."""
        check_name(kind, name)
        path = self.paths.definition(kind, name, runner)
        if not path.is_file():
            known = self.names(kind) if kind != "template" else [n for r, n in self.templates() if r == runner]
            raise NotFound(f"there is no {kind} {name!r}", hint=suggestion(kind, name, known))
        content = self.load_valid(kind, path)
        if content["name"] != name:
            wrong = schemas.SchemaProblem(("name",), f"{content['name']!r} is not the file's name")
            where = located(files.read(path), [wrong], self.paths.relative(path))[0]
            raise InputInvalid(where, hint=f"write name: {name}, or rename the file")
        return content

    def load_valid(self, kind: str, path: Path) -> dict[str, Any]:
        """Read a file and check it against its schema, unless these bytes are known to pass.

        Raises InputInvalid with the file, the line and the key of the first problem.
        """
        source = self.paths.relative(path)
        data = files.read(path, limit_bytes=DEFINITION_BYTES_MAX)
        content = schemas.with_version(yaml_io.load(data, source), kind)
        schemas.check_version(content, kind, source)
        schema = schemas.name_of(kind)
        with self.index() as index:
            if index.passed(schema, data):
                return dict(content)
            if found := first_problem(data, content, kind, source):
                raise InputInvalid(found, hint="correct the file; qanat validate lists everything")
            index.remember_passed(schema, [data])
        return dict(content)


def first_problem(data: bytes, content: Any, kind: str, source: str) -> str | None:
    """Give the first problem of a file as `file:line: key: problem`; None when its schema has none."""
    found = schemas.problems(content, kind)
    return located(data, found, source)[0] if found else None


def located(data: bytes, found: list[schemas.SchemaProblem], source: str) -> list[str]:
    """Write problems as `file:line: key: problem`, in the order of the lines."""
    lines: dict[yaml_io.Path, int] = {}
    yaml_io.load(data, source, lines=lines)
    placed = sorted(((_line(lines, p.path), p) for p in found), key=lambda pair: pair[0])
    return [f"{source}:{line}: {_key(p.path)}{p.problem}" for line, p in placed]


def _line(lines: dict[yaml_io.Path, int], path: yaml_io.Path) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _key(path: yaml_io.Path) -> str:
    return f"{'.'.join(map(str, path))}: " if path else ""


def suggestion(kind: str, name: str, known: list[str]) -> str:
    """Say what may have been meant by a name that is not there: the nearest ones, or those that there are."""
    if close := nearest(name, known):
        return f"did you mean {' or '.join(close)}?"
    if known:
        return f"there {'is' if len(known) == 1 else 'are'}: {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"
    return f"make one: qanat {kind} new"


def open_project(start: Path) -> Project:
    """Open the project that a folder lies in. Raises ProjectNotFound with what to do when it lies in none."""
    found = location.find(start.resolve())
    if found is None:
        raise ProjectNotFound(f"{start} is not in a git repository", hint="make a project of it: qanat init")
    if not (found.root / ".qanat").is_dir():
        root = shlex.quote(str(found.root))
        raise ProjectNotFound(f"{found.root} has no .qanat folder", hint=f"make a project of it: qanat init {root}")
    return Project(found)
