"""Records in which `qanat validate` found nothing before, and in which it would find nothing now.

What was checked is remembered in the index by the digest of a record, so that it is forgotten when the record changes,
and by a version that changes with the schemas, with the code of the checks, and with where this project is. What a
record says beside others, such as two runs with one intent, becomes wrong only with another record that changes, which
is checked: see everything.check_all().
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath

import qanat
from qanat import __version__
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import RECORDED
from qanat.errors import InputInvalid
from qanat.git import history, tracked
from qanat.records import index_tables, schemas
from qanat.records.index import Index
from qanat.usecases.project import Project

# Everything that decides what a check of a record finds.
_CODE = ("domain", "records", "usecases/checks")
_BESIDE_OTHERS = (("id",), ("storage",), ("submission", "intent"))


def version_of(project: Project) -> int:
    """Return a number that is another one when a check might find something else in the same record."""
    try:
        results = project.config.result_dir
    except InputInvalid:
        results = ""
    places = (str(project.root), results, os.path.expanduser("~"))  # noqa: PTH111  # Path raises without a home
    package = Path(qanat.__file__).parent
    files = [file for folder in _CODE for file in sorted((package / folder).rglob("*.py"))]
    known = zlib.crc32("\n".join((__version__, str(index_tables.LAYOUT), *places)).encode())
    of_runs = [schemas.source_of(kind, version) for kind, version in schemas.every() if kind == "run"]
    for content in (file.read_bytes() for file in (*files, *of_runs)):
        known = zlib.crc32(content, known)
    return known


def find(project: Project, index: Index, version: int) -> frozenset[str]:
    """Return the paths of these records; none if something outside of the records has made some of them wrong."""
    found = index.checked(version)
    if not found:
        return frozenset()
    known = {name: paths for name, paths in found.items() if is_known(project, name)}
    storages = {os.path.normpath(storage) for _, storage in index.storages()}
    if any(_lies_in(path, storages) for path in tracked.outside(project.location, RECORDED)):
        return frozenset()
    return frozenset().union(*known.values())


def is_known(project: Project, experiment: str) -> bool:
    """Return whether an experiment exists, or did under this name."""
    file = project.paths.relative(project.paths.definition("experiment", experiment))
    there = project.has_file(project.root / file) or experiment in project.claimed_names
    return there or history.was_tracked(project.location, file)


def concerns_others(key: KeyPath) -> bool:
    """Return whether a problem at this place of a record may also be one of another record."""
    return key in _BESIDE_OTHERS or key[-1:] == ("job",)


def _lies_in(path: str, folders: Collection[str]) -> bool:
    return any(str(above) in folders for above in (PurePosixPath(path), *PurePosixPath(path).parents))
