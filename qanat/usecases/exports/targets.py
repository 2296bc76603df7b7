"""Where exports are written: a new file, folder or archive, which appears as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import unquote

from qanat.domain.layout import STATE, is_for_results
from qanat.errors import InputInvalid, write_failed
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.results import place

ARCHIVE = ".zip"
CRATE = "ro-crate-metadata.json"
_METADATA_BYTES_MAX = 512 * 2**20
# The first time that an archive can hold: files of the same content have the same entry.
_TIME = (1980, 1, 1, 0, 0, 0)


class Target(Protocol):
    """Takes files by their paths in it, with slashes."""

    def writing(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Yield a new file to write to. Raises OSError."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def writing(self, path: str) -> Iterator[BinaryIO]:
        whole = self._root / path
        files.make_folder(whole.parent)
        with whole.open("xb") as file:
            yield file


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def writing(self, path: str) -> Iterator[BinaryIO]:
        entry = zipfile.ZipInfo(path, _TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield cast("BinaryIO", file)


def check(project: Project, output: Path, *, force: bool, as_folder: bool = False) -> None:
    """Raise InputInvalid if an export must not be written to a path.

    With `force`, a file may be replaced, and a folder that has nothing but an earlier export.
    """
    place.check_written(project, output)
    whole = Path(os.path.realpath(output))
    for own in (project.root / STATE, project.location.common_dir, project.location.git_dir, *_results(project)):
        if whole.is_relative_to(own):
            raise InputInvalid(f"{output} is inside {own}", hint="name a file or folder elsewhere")
    if not os.path.lexists(output):
        return
    if not force:
        raise InputInvalid(f"{output} exists", hint="name a new one, or replace it with --force")
    is_folder = output.is_dir() and not output.is_symlink()
    if is_folder != as_folder:
        what = "a folder" if is_folder else "not a folder"
        raise InputInvalid(f"{output} is {what}, and cannot be replaced", hint="name a new one")
    if is_folder and (problem := _why_not_replaced(output)):
        raise InputInvalid(f"{output} cannot be replaced: {problem}", hint="name a new folder")


@contextmanager
def new_file(output: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes its place at the end of the `with` block, if nothing fails. Raises WriteFailed."""
    with _failing_as(output):
        descriptor, name = tempfile.mkstemp(prefix=".qanat-export-", dir=output.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.replace(name, output)  # noqa: PTH105  # the path is a string
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise


@contextmanager
def new_archive(output: Path) -> Iterator[Target]:
    """Yield a ZIP archive that takes its place at the end of the `with` block, if nothing fails. Raises WriteFailed."""
    with new_file(output) as file, zipfile.ZipFile(file, "w") as archive:
        yield _Archive(archive)


@contextmanager
def new_folder(output: Path) -> Iterator[Target]:
    """Yield a folder that takes its place at the end of the `with` block, if nothing fails. Raises WriteFailed."""
    with _failing_as(output):
        temporary = Path(tempfile.mkdtemp(prefix=".qanat-export-", dir=output.parent))
        before = temporary.with_name(f"{temporary.name}.before")
        try:
            yield _Folder(temporary)
            temporary.chmod(0o777 & ~_umask())
            with suppress(FileNotFoundError):
                output.rename(before)
            temporary.rename(output)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            if not os.path.lexists(output):
                with suppress(OSError):
                    before.rename(output)
            shutil.rmtree(before, ignore_errors=True)


@contextmanager
def _failing_as(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_failed(output, error) from None


def _results(project: Project) -> list[Path]:
    """Return the result folder, without links, unless the settings name one that is none."""
    try:
        name = project.config.result_dir
    except InputInvalid:
        return []
    return [Path(os.path.realpath(project.root / name))] if is_for_results(name) else []


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _why_not_replaced(folder: Path) -> str:
    """Return why a folder is more than an earlier export; empty if it is none or not more than that."""
    found = [
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    ]
    if not found:
        return ""
    try:
        graph = json.loads(files.read(folder / CRATE, limit_bytes=_METADATA_BYTES_MAX))["@graph"]
        listed = {unquote(str(entity["@id"])) for entity in graph}
    except (InputInvalid, ValueError, KeyError, TypeError, RecursionError):
        return "it has files that are not of an export"
    others = sorted(path for path in found if path not in listed)
    return f"{others[0]} is not of an export" if others else ""
