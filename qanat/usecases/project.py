"""An open project: its paths, its repository, its settings and definitions."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from qanat.domain.apart import Apart
from qanat.domain.config import Config
from qanat.domain.document import Document, document_from
from qanat.domain.experiment import Dataset, Experiment
from qanat.domain.key_path import KeyPath, in_words
from qanat.domain.layout import STATE
from qanat.domain.names import check_name, name_problem, nearest
from qanat.domain.sharing import Sharing
from qanat.domain.shortening import quoted
from qanat.domain.stored import Stored
from qanat.errors import InputInvalid, NotFound, ProjectNotFound
from qanat.git import location, sharing
from qanat.git.location import COMMITS, Location
from qanat.records import definition_text, definitions, index_file, index_rows, schemas, storage, yaml_io
from qanat.records.index import Index
from qanat.records.paths import ProjectPaths
from qanat.system import below, files
from qanat.usecases.clock import SYSTEM_CLOCK, Clock

DEFINITION_BYTES_MAX = 4 * 2**20


@dataclass(frozen=True)
class Project:
    """A git repository with a `.qanat/` folder at its root, and the clock that its use cases go by."""

    location: Location
    clock: Clock = SYSTEM_CLOCK

    @cached_property
    def paths(self) -> ProjectPaths:
        """Where the files of this project are."""
        return ProjectPaths(self.location.root)

    @property
    def root(self) -> Path:
        """The project's top folder."""
        return self.location.root

    @cached_property
    def config(self) -> Config:
        """The project's settings; the defaults if it has no config file. Raises InputInvalid."""
        return definitions.config_from(self.settings, self.paths.relative(self.paths.config))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as the mapping in the file. Raises InputInvalid."""
        return self.load_valid("config", self.paths.config) if os.path.lexists(self.paths.config) else {}

    @contextmanager
    def index(self) -> Iterator[Index]:
        """Open the derived index; for the first time, this also writes the schemas for editors."""
        with Index(self._index_file, self.root, self.names_of) as index:
            yield index

    @cached_property
    def _index_file(self) -> Path:
        definition_text.install_schemas(self.paths, lambda: self.sharing)
        with contextlib.suppress(OSError):  # without it, the index is in memory
            if self.location.git_dir.is_dir() and not self.location.private_here.is_dir():
                files.make_folder(self.location.private_here, self.sharing)
        return self.location.private_here / index_file.name()

    @cached_property
    def sharing(self) -> Sharing:
        """Who may use what qanat writes in this project."""
        return sharing.of(self.location)

    def write(self, path: Path, data: bytes, *, durable: bool = False) -> None:
        """Replace a file of the project, as files.write() does, for all who share it.

        Raises WriteFailed, and InputInvalid if a symbolic link leads to its folder: that may have come with a clone.
        """
        below.write(self.root, self.paths.relative(path), data, durable=durable, sharing=self.sharing)

    def read(self, path: Path, limit_bytes: int | None = None) -> bytes:
        """Return the bytes of a file of the project. Raises InputInvalid, also for a symbolic link on the way."""
        return below.read(self.root, self.paths.relative(path), limit_bytes)

    def remove(self, path: Path) -> None:
        """Remove a file of the project if it exists. Raises WriteFailed, and InputInvalid behind a symbolic link."""
        below.remove(self.root, self.paths.relative(path))

    def has_file(self, path: Path) -> bool:
        """Return whether the project has a regular file at a path, which no symbolic link leads to."""
        return below.has_file(self.root, self.paths.relative(path))

    def storage_of(self, run: Stored) -> Path:
        """Return the storage directory of a run."""
        return storage.folder_of(self.root / run.storage, run.id)

    # ---- definitions

    def names(self, kind: str) -> list[str]:
        """List the names of all experiments, datasets or documents, sorted."""
        return self._names_in(self.paths.folder(kind))

    def templates(self) -> list[tuple[str, str]]:
        """List the runner and name of every template in `.qanat/templates/`, sorted."""
        folder = self.paths.folder("template")
        runners = [entry.name for entry in below.entries(self.root, self.paths.relative(folder)) if entry.is_folder]
        return [(runner, name) for runner in sorted(runners) for name in self._names_in(folder / runner)]

    def all_templates(self) -> list[tuple[str, str]]:
        """List the runner and name of every template, including those in the settings, sorted."""
        configured = {(runner, name) for runner, templates in self.config.templates.items() for name in templates}
        return sorted(configured | set(self.templates()))

    def _names_in(self, folder: Path) -> list[str]:
        """List the names of the definitions in a folder, sorted; what cannot be one, `qanat validate` reports."""
        found = [entry for entry in below.entries(self.root, self.paths.relative(folder)) if entry.is_file]
        names = (entry.name.removesuffix(".yaml") for entry in found if entry.name.endswith(".yaml"))
        return sorted(name for name in names if not name_problem(name))

    @cached_property
    def claimed_names(self) -> dict[str, list[str]]:
        """Names that experiments say they had, mapped to those experiments; broken files are skipped."""
        found: dict[str, list[str]] = {}
        for name in self.names("experiment"):
            file = self.paths.definition("experiment", name)
            with contextlib.suppress(InputInvalid):
                for before in definitions.former_names(self.read(file, DEFINITION_BYTES_MAX), file.name):
                    found.setdefault(before, []).append(name)
        return found

    @cached_property
    def former_names(self) -> dict[str, str]:
        """Former names of experiments, mapped to their current names.

        A name that another experiment has, or that several say they had, is none: nobody gets the runs of others by
        claiming their name.
        """
        present = set(self.names("experiment"))
        claims = self.claimed_names.items()
        return {before: names[0] for before, names in claims if len(set(names)) == 1 and before not in present}

    def names_of(self, experiment: str) -> tuple[str, ...]:
        """Return an experiment's current name, followed by its former ones, which records of its runs may have."""
        there = self.has_file(self.paths.definition("experiment", experiment))
        now = experiment if there else self.former_names.get(experiment, experiment)
        return (now, *(before for before, name in self.former_names.items() if name == now))

    def experiment(self, name: str) -> Experiment:
        """Return an experiment by its current or a former name.

        Raises NotFound with the nearest names, InputInvalid with file and line.
        """
        content = self.definition("experiment", self.names_of(name)[0])
        return replace(definitions.experiment_from(content), apart=self._apart)

    def experiment_at(self, commit: str, name: str) -> Experiment | None:
        """Return an experiment, by its current or a former name, as a commit defines it; None if it does not.

        Raises InputInvalid.
        """
        from qanat.git import repository  # most commands read no commit

        opened = repository.open_repository(self.location)
        for known in self.names_of(check_name("experiment", name)):
            path = self.paths.relative(self.paths.definition("experiment", known))
            if (data := repository.read_at(opened, commit, path)) is not None:
                with self.index() as index:
                    content = valid_content(index, data, "experiment", f"{path} in {commit[:10]}")
                return replace(definitions.experiment_from(content), name=self.names_of(name)[0], apart=self._apart)
        return None

    @cached_property
    def _apart(self) -> tuple[Apart, ...]:
        """The files of documents, which are not code, as far as their definitions can be read."""
        from qanat.usecases.apart import files_of_documents  # few projects have documents

        return files_of_documents(self) if self.names("document") else ()

    def dataset(self, name: str) -> Dataset:
        """Return a dataset; errors as for an experiment."""
        return definitions.dataset_from(self.definition("dataset", name))

    def document(self, name: str) -> Document:
        """Return a document; errors as for an experiment."""
        return document_from(self.definition("document", name))

    def definition(self, kind: str, name: str, runner: str = "") -> dict[str, Any]:
        """Return the valid mapping of a definition; errors as for an experiment."""
        check_name(kind, name)
        path = self.paths.definition(kind, name, runner)
        if not os.path.lexists(path):
            known = self.names(kind) if kind != "template" else [n for r, n in self.templates() if r == runner]
            now = self.names_of(name)[0] if kind == "experiment" else name
            hint = suggestion(kind, name, known) if now == name else f"it was renamed to {now}"
            raise NotFound(f"{kind} {quoted(name)} does not exist", hint=hint)
        content = self.load_valid(kind, path)
        if kind == "document":
            content = definitions.with_exact_parameters(content, self.read(path))
        if content["name"] != name:
            wrong = schemas.SchemaProblem(("name",), f"{quoted(content['name'])} is not the file name")
            where = located(self.read(path), [wrong], self.paths.relative(path))[0]
            raise InputInvalid(where, hint=f"write name: {name}, or rename the file")
        return content

    def load_valid(self, kind: str, path: Path) -> dict[str, Any]:
        """Read a file of the project; see valid_content()."""
        source = self.paths.relative(path)
        data = self.read(path, DEFINITION_BYTES_MAX)
        known = kind, index_rows.digest(data)
        if known in self._valid:
            return dict(schemas.current(schemas.with_version(yaml_io.load(data, source), kind), kind, source))
        if (source, known) not in self._broken:
            try:
                with self.index() as index:
                    content = valid_content(index, data, kind, source)
            except InputInvalid as error:
                self.remember_broken(kind, source, data, error)
            else:
                self._valid.add(known)
                return content
        raise self._broken[source, known].with_traceback(None)

    def remember_broken(self, kind: str, source: str, data: bytes, error: InputInvalid) -> None:
        """Remember what is wrong with a file of this content, so that it is not parsed again."""
        error.__context__ = error.__traceback__ = None  # whose frames keep what was parsed
        self._broken[source, (kind, index_rows.digest(data))] = error

    @cached_property
    def _valid(self) -> set[tuple[str, bytes]]:
        """Kinds and digests of files that were found valid: a launch reads its definition again when it plans."""
        return set()

    @cached_property
    def _broken(self) -> dict[tuple[str, tuple[str, bytes]], InputInvalid]:
        """What is wrong with files, which may be long: `validate` asks several times for each definition."""
        return {}


def valid_content(index: Index, data: bytes, kind: str, source: str) -> dict[str, Any]:
    """Return what a file holds, in the newest version, if it keeps to the schema of its own version.

    It is not checked again if the index knows that these bytes pass. Raises InputInvalid with the file, the line and
    the key of the first problem, VersionTooNew.
    """
    content = schemas.with_version(yaml_io.load(data, source), kind)
    schemas.check_version(content, kind, source)
    schema = schemas.name_of(kind, schemas.version_of(content, kind))
    if not index.passed(schema, data):
        if found := first_problem(data, content, kind, source):
            raise InputInvalid(found, hint="fix the file; qanat validate lists all problems")
        index.remember_passed(schema, [data])
    return dict(schemas.current(content, kind, source))


def first_problem(data: bytes, content: Any, kind: str, source: str) -> str | None:
    """Return the first problem of a file as `file:line: key: problem`; None if it follows its schema."""
    found = schemas.problems(content, kind)
    return located(data, found, source)[0] if found else None


def located(data: bytes, found: list[schemas.SchemaProblem], source: str) -> list[str]:
    """Return problems as `file:line: key: problem`, ordered by line."""
    lines: dict[KeyPath, int] = {}
    yaml_io.load(data, source, lines=lines)
    placed = sorted(((yaml_io.line_of(lines, p.path), p) for p in found), key=lambda pair: pair[0])
    return [f"{source}:{line}: {_key(p.path)}{p.problem}" for line, p in placed]


def _key(path: KeyPath) -> str:
    return f"{in_words(path)}: " if path else ""


def suggestion(kind: str, name: str, known: list[str]) -> str:
    """Return a hint for an unknown name: the nearest names, or those that exist."""
    if close := nearest(name, known):
        return f"did you mean {' or '.join(close)}?"
    if known:
        return f"available: {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"
    return "add one with: qanat template add SOURCE" if kind == "pack" else f"create one with: qanat {kind} new"


def open_project(start: Path) -> Project:
    """Open the project that contains a folder. Raises ProjectNotFound, with a hint, if there is none."""
    found = location.find(start.resolve())
    if found is None:
        raise ProjectNotFound(f"{start} is not in a git repository", hint="create a project with: qanat init")
    if not (found.root / STATE).is_dir():
        raise no_project_at(found)
    refuse_links(found.root / ".qanat")
    _finish_commits(found)
    return Project(found)


def no_project_at(found: Location) -> ProjectNotFound:
    """Return an error for a repository without `.qanat/`, with how to restore it or to create a project."""
    from qanat.git import missing  # only for this error

    if command := missing.how_to_restore(found, STATE):
        return ProjectNotFound(
            f"{found.root} has no .qanat folder, but git has one", hint=f"bring it back with: {command}"
        )
    around = location.find(found.root.parent)
    if around and (around.root / STATE).is_dir():
        return ProjectNotFound(
            f"{found.root} is a repository of its own, without a .qanat folder, inside the project {around.root}",
            hint=f"use that project with: qanat -C {shlex.quote(str(around.root))}",
        )
    root = shlex.quote(str(found.root))
    return ProjectNotFound(f"{found.root} has no .qanat folder", hint=f"create a project with: qanat init {root}")


def _finish_commits(found: Location) -> None:
    """Finish commits of the user's files during which qanat was killed; usually there are none."""
    with contextlib.suppress(OSError):
        if any(path.name.startswith(COMMITS) for path in found.private_here.iterdir()):
            from qanat.git import user_commits

            user_commits.finish_abandoned(found)


def refuse_links(state: Path) -> None:
    """Raise InputInvalid if `.qanat/`, or anything directly inside it or its cache, is a symbolic link.

    A link may have come with a clone, and what is written through it would end up elsewhere.
    """
    if link := _link_in(state):
        kind = "file" if link.endswith(".yaml") else "folder"
        raise InputInvalid(f"{link} is a symbolic link, but must be a {kind}", hint=f"replace it with a {kind}")


def _link_in(state: Path) -> str | None:
    """Return the path of a symbolic link at `.qanat/` or directly inside it or its cache; None if there is none."""
    if state.is_symlink():
        return str(state)
    for folder in (state, state / "cache"):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as entries:
            if link := next((entry.path for entry in entries if entry.is_symlink()), None):
                return link
    return None
