"""The directories of runs from which files of a dependency are copied, and which files these are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qanat.domain.document import Dependency
from qanat.domain.path_patterns import PathPatterns, path_patterns
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, reason
from qanat.records import storage
from qanat.runners.protocol import Runners
from qanat.system import folders, walking
from qanat.usecases.documents.look import Member
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.tracking.find import Found, find_run

ENTRIES_MAX = 1_000_000
FILES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Unit:
    """A directory of a run, or of one of its groups; files of it are copied into the folder `place`, if any."""

    found: Found
    group: int | None
    place: str

    @property
    def folder(self) -> Path:
        """The directory."""
        return self.found.folder if self.group is None else self.found.group_folder(self.group)

    @property
    def described(self) -> str:
        """What it is, for messages."""
        of = f"group {self.group} of " if self.group is not None else ""
        return f"{of}run {self.found.run.number}"


def runs_of(project: Project, runners: Runners, members: Sequence[Member]) -> dict[str, Found]:
    """Return the runs that have these groups, by their ids."""
    with refreshed(project, runners) as (index, result):
        return {run: find_run(project, index, result, run) for run in dict.fromkeys(m.run for m in members)}


def units_of(dependency: Dependency, members: Sequence[Member], runs: dict[str, Found]) -> list[Unit]:
    """Return the directories that the files of a dependency are in; groups are numbered as it has them."""
    if dependency.whole:
        return [Unit(runs[members[0].run], None, "")]
    found = []
    for number, member in enumerate(members):
        run = runs[member.run]
        group = member.group if len(run.run.groups) > 1 else None
        found.append(Unit(run, group, f"group_{number}/" if len(members) > 1 else ""))
    return found


Files = AbstractContextManager[Iterator[tuple[str, BinaryIO]]]


@contextmanager
def files_of(
    unit: Unit, patterns: Sequence[str], left_by_runner: frozenset[str]
) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """Yield the files of a unit that match patterns: their paths in it, and the files, open to read.

    Files about the run itself count only if a pattern is their name. Raises InputInvalid if the directory cannot be
    read.
    """
    own = storage.NO_OUTPUTS | left_by_runner
    try:
        with folders.opened(folders.plain(unit.folder)) as descriptor:
            found = walking.walk(descriptor, path_patterns(patterns), walking.Entries(ENTRIES_MAX))
            yield ((path, file) for path, file in found if path in patterns or _is_output(path, own))
    except OSError as error:
        raise InputInvalid(f"the results of {unit.described} cannot be read: {unit.folder}: {reason(error)}") from None


def _is_output(path: str, own: frozenset[str]) -> bool:
    first = path.partition("/")[0]
    inner = path.removeprefix(f"{first}/").partition("/")[0] if first.startswith("group_") else ""
    return not {first, inner} & own


def check_matches(unit: Unit, patterns: Sequence[str], paths: Sequence[str]) -> None:
    """Raise InputInvalid for a pattern that no file of a unit matches, and for too many files."""
    if len(paths) > FILES_MAX:
        raise InputInvalid(f"{unit.described}: the patterns of files match more than {FILES_MAX:,} files")
    for pattern in patterns:
        wanted = path_patterns([pattern])
        if not any(_matches(wanted, path) for path in paths):
            raise InputInvalid(
                f"no file of {unit.described} matches {quoted(pattern)}: {unit.folder}",
                hint=f"its files: {_listed(unit)}",
            )


def _matches(wanted: PathPatterns, path: str) -> bool:
    *names, last = path.split("/")
    for name in names:
        wanted = wanted.inside(name)
    return wanted.match(last)


def _listed(unit: Unit) -> str:
    with files_of(unit, ["**"], frozenset()) as found:
        names = sorted(path for path, _ in found)
    return f"{', '.join(names[:10])}{', …' if len(names) > 10 else ''}" if names else "none"
