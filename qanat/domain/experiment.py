"""What a project defines: experiments with their actions and metrics, datasets, templates."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.apart import Apart, is_apart
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.container import ContainerRequest
from qanat.domain.data import STAT
from qanat.domain.data_paths import is_of_data
from qanat.domain.layout import STATE
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.shipment import FILE
from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.domain.template_source import TemplateSource
from qanat.errors import InputInvalid

# The program of an experiment that was imported from a tool that does not name it.
UNKNOWN_PROGRAM = "unknown"
PROJECT = "project"
CHECKOUT = "checkout"
# Among the paths of an experiment's code, all that is in the repository.
WHOLE = "."


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the project: `command` (which may have arguments, or be empty) and the file that it is given."""

    executable: str
    command: str = ""

    def command_line(self) -> tuple[str, ...]:
        """Return the command line that starts it: the command with its arguments, then the executable.

        Without a command, the executable itself is run. A name without a folder gets `./`, so that it is the
        project's file and not a program of the same name on PATH. Raises InputInvalid for a command with an
        unclosed quote.
        """
        if self.command:
            try:
                return (*split(self.command), self.executable)
            except ValueError as error:
                raise InputInvalid(
                    f"executable_command {quoted(self.command)}: {str(error).lower()}",
                    hint="close the quote or escape it",
                ) from None
        return (self.executable if "/" in self.executable else f"./{self.executable}",)


@dataclass(frozen=True, slots=True)
class Action:
    """A program that works on the results of a run."""

    name: str
    program: Program
    description: str = ""


@dataclass(frozen=True, slots=True)
class MetricSource:
    """A file of numbers in a group's directory; empty `keys` means all of them.

    By metric, `better` has the direction that is better, `label` what a paper calls it, and `unit` its unit.
    """

    file: str
    keys: tuple[str, ...] = ()
    better: Mapping[str, str] = field(default_factory=dict)
    label: Mapping[str, str] = field(default_factory=dict)
    unit: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named program with the datasets it reads, its actions, tags and metrics.

    `seeds` are the parameters that only tell repetitions apart; None if the definition does not say. `code_paths` are
    the files and folders of its code besides the program; if empty, its code is all that is in the repository, except
    for the files of documents, which are `apart`.
    `figures` are patterns of images in a group's directory, `retry` is what is retried automatically, `checkpoint` when
    a group continues later, if any. With `transfer`, its jobs get what they need, since their machines do not see the
    project.
    """

    name: str
    program: Program
    description: str = ""
    path: str = ""
    tags: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    workdir: str | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    metrics: tuple[MetricSource, ...] = ()
    seeds: tuple[str, ...] | None = None
    code_paths: tuple[str, ...] = ()
    container: ContainerRequest | None = None
    figures: tuple[str, ...] = ()
    retry: RetryPolicy | None = None
    transfer: bool = False
    checkpoint: Checkpoint | None = None
    apart: tuple[Apart, ...] = ()

    def has_code(self, path: str) -> bool:
        """Return whether a file, by its path from the root, is part of the code."""
        paths = (*self.code_paths, posixpath.normpath(self.program.executable))
        if WHOLE in paths or not self.code_paths:
            return not path.startswith(f"{STATE}/") and (path in paths or not is_apart(path, self.apart))
        return any(path == own or path.startswith(f"{own}/") for own in paths)

    def has_code_besides(self, path: str, datasets: Collection[str]) -> bool:
        """Return whether a file is part of the code, and not of the data in datasets with these paths.

        The program itself is code wherever it is.
        """
        is_program = path == posixpath.normpath(self.program.executable)
        return self.has_code(path) and (is_program or not is_of_data(path, datasets))

    @property
    def ignored_changes(self) -> tuple[Apart, ...]:
        """The files of documents of which changes do not matter to a run, if it is not known which files do."""
        own = is_apart(posixpath.normpath(self.program.executable), self.apart)
        return () if own or self.code_paths else self.apart

    def titles(self) -> dict[str, str]:
        """Return what a paper calls metrics, as `Accuracy (%)`, by their names; without those that have no title."""
        return titles_of((source.label, source.unit) for source in self.metrics)


def titles_of(sources: Iterable[tuple[Mapping[str, str], Mapping[str, str]]]) -> dict[str, str]:
    """Return what a paper calls metrics, by their names, from the labels and units in each source."""
    found = list(sources)
    labels = {name: text for label, _ in found for name, text in label.items()}
    units = {name: f" ({text})" for _, unit in found for name, text in unit.items()}
    return {name: f"{labels.get(name, name)}{units.get(name, '')}" for name in {**labels, **units}}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named path to data; a relative path starts at the project's root.

    `track` is how runs record what the data are, with COMMAND by what `command` prints. Without `check`, the path may
    be missing on this machine, and only the command looks at it. In a container, only `writable` data can be changed.
    `transfer` is how jobs get them that do not see the project: FILE, PRESENT (domain.shipment), or the URL that they
    are fetched from.
    """

    name: str
    path: str
    description: str = ""
    tags: tuple[str, ...] = ()
    track: str = STAT
    command: str = ""
    check: bool = True
    writable: bool = False
    transfer: str = FILE


@dataclass(frozen=True, slots=True)
class Template:
    """Named options for one runner, and the templates that it `extends`, to which it adds them (domain.extending).

    Its `retry` and `transfer`, if it has them, replace those of an experiment. `hosts` are patterns of the machines
    that it is for; empty for all. `sources` are where its options come from.
    """

    name: str
    runner: str
    options: Mapping[str, Any]
    description: str = ""
    retry: RetryPolicy | None = None
    extends: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    sources: tuple[TemplateSource, ...] = field(default=(), compare=False)
    transfer: bool | None = None
