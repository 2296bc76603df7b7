"""Comparing a rerun with the run that it repeats: with its files or, if they are gone, with what its record has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NoReturn

from qanat.domain.checkpoint import left_out
from qanat.domain.layout import CHECKOUTS, group_folder
from qanat.domain.outputs import PRINTED, OutputFile
from qanat.domain.reproduction import (
    DIFFERENT,
    EQUAL,
    MISSING,
    UNREADABLE,
    Comparison,
    FileVerdict,
    compare_to_list,
    compare_to_record,
    compare_values,
)
from qanat.domain.run import Group, Run
from qanat.domain.shortening import shortened
from qanat.errors import InputInvalid, UsageError
from qanat.records import manifest, storage
from qanat.system import files, folders
from qanat.usecases.project import Project
from qanat.usecases.runs import compare_outputs
from qanat.usecases.tracking import manifests
from qanat.usecases.tracking.find import Found, check_results, removal_of, results_missing

NAMED_MAX, NAME_MAX = 5, 100
_IN_GROUP = re.compile(r"group_([0-9]{1,9})/")


@dataclass(frozen=True, slots=True)
class GroupBasis:
    """What the files of a group can be compared with.

    `is_whole` is whether they are there; with a list, as far as that can be known without reading them. `listed` are
    the files that it left, by path, if their list is there; `gone` are those of them that are not.
    """

    group: Group
    is_whole: bool
    listed: Mapping[str, OutputFile] | None = None
    gone: tuple[str, ...] = ()

    @property
    def is_comparable(self) -> bool:
        """Whether anything that the group left is known."""
        return self.group.has_run and (self.is_whole or bool(self.group.outputs or self.group.metrics))


@dataclass(frozen=True, slots=True)
class Basis:
    """What a rerun can be compared with: the results of a run, without links at `folder`, and its record."""

    run: Run
    folder: Path
    groups: tuple[GroupBasis, ...]
    notes: tuple[str, ...]


def basis_of(found: Found, left_by_runner: frozenset[str]) -> Basis:
    """Determine what a rerun of a run can be compared with. Raises InputInvalid if there is nothing."""
    run, folder = found.run, folders.plain(found.folder)
    no_outputs = storage.NO_OUTPUTS | left_by_runner | left_out(run.checkpoint)
    groups = tuple(
        _group_basis(group, group_folder(folder, group.number, len(run.groups)), no_outputs, len(run.groups))
        for group in run.groups
    )
    if not any(each.is_comparable for each in groups):
        _refuse(found)
    return Basis(run, folder, groups, tuple(_notes(run, groups, are_here=os.path.isdir(folder))))  # noqa: PTH112  # Path.is_dir may raise


def _group_basis(group: Group, own: Path, left_out: frozenset[str], groups: int) -> GroupBasis:
    try:
        sizes = manifest.left_in(own, left_out).sizes
    except OSError:
        return GroupBasis(group, is_whole=not group.has_run)
    if group.outputs is None:
        return GroupBasis(group, is_whole=True)
    if (listed := manifest.read(own, group.outputs)) is not None:
        gone = tuple(path for path, file in listed.items() if sizes.get(path) != file.size)
        return GroupBasis(group, not gone, listed, gone)
    made = storage.made_by_actions(own)
    left = {path: size for path, size in sizes.items() if path not in made}
    return GroupBasis(group, manifests.is_as_recorded(own, left, group.outputs, groups))


def _refuse(found: Found) -> NoReturn:
    """Raise an error about a run of which there is nothing to compare with."""
    run = found.run
    if not any(group.has_run for group in run.groups):
        raise UsageError(f"no group of run {run.number} has run", hint=f"repeat it with: qanat rerun {run.number}")
    try:
        check_results(found)
        raise results_missing(found, found.folder)
    except InputInvalid as error:
        what = f"{error.message}, and its record has neither metrics nor a manifest to compare with"
        raise InputInvalid(what, hint=error.hint) from None


def _notes(run: Run, groups: Sequence[GroupBasis], *, are_here: bool) -> Iterator[str]:
    """Yield sentences on what is missing of the results of a run, and what it is compared with instead."""
    ran = [each for each in groups if each.group.has_run]
    if not are_here:
        how = removal_of(run) or "are not here"
        yield f"the results of run {run.number} {how}: comparing with {_in_record(ran)} in its record"
        return
    if gone := [_within(run, each.group, name) for each in ran for name in each.gone]:
        what = f"{_listed(gone)} of run {run.number} {'is' if len(gone) == 1 else 'are'} gone or changed"
        yield f"{what}: comparing with the manifest beside the results"
    if broken := [each for each in ran if not each.is_whole and not each.gone]:
        which = f"group{'' if len(broken) == 1 else 's'} {_listed([str(each.group.number) for each in broken])}"
        where = f" of {which}" if len(run.groups) > 1 else ""
        what = f"files{where} of run {run.number} are gone or changed"
        yield f"{what}: comparing with {_in_record(broken)} in its record"


def _in_record(groups: Sequence[GroupBasis]) -> str:
    known = ["the metrics"] if any(each.group.metrics for each in groups) else []
    known += ["the digest of the outputs"] if any(each.group.outputs for each in groups) else []
    return " and ".join(known) or "nothing"


def _within(run: Run, group: Group, name: str) -> str:
    """Return the path of a file of a group in the storage directory of its run."""
    return f"group_{group.number}/{name}" if len(run.groups) > 1 else name


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(shortened(name, NAME_MAX) for name in names[:NAMED_MAX]) + more


def compare(project: Project, basis: Basis, again: Run, rtol: float, left_by_runners: frozenset[str]) -> Comparison:
    """Compare a run that has just ended with the one that it repeats; numbers count as equal within rtol."""
    folder, count = folders.plain(project.storage_of(again)), len(again.groups)
    found: dict[int | None, list[FileVerdict]] = {}
    for each_file in compare_outputs.compare(basis.folder, folder, rtol, left_by_runners):
        verdict = _printed_alike(project, each_file, basis.folder, folder)
        found.setdefault(_group_of(verdict.path, count), []).append(verdict)
    files, values = found.get(None, []), []
    for each, group in zip(basis.groups, again.groups, strict=True):
        first, second = (group_folder(top, group.number, count) for top in (basis.folder, folder))
        prefix = f"group_{group.number}/" if count > 1 else ""
        seen = [replace(v, path=v.path.removeprefix(prefix)) for v in found.get(group.number, [])]
        files += [
            replace(v, path=f"{prefix}{v.path}".removesuffix("/.")) for v in _of_group(each, group, first, second, seen)
        ]
        values += compare_values(each.group, group, rtol)
    return Comparison(tuple(files), tuple(values))


def _printed_alike(project: Project, verdict: FileVerdict, first: Path, again: Path) -> FileVerdict:
    """Return the verdict on a file; what programs print is equal if it differs in the paths of checkouts only."""
    if verdict.verdict != DIFFERENT or PurePosixPath(verdict.path).name not in PRINTED:
        return verdict
    try:
        one, other = (_without_checkouts(project, folder / verdict.path) for folder in (first, again))
    except InputInvalid:  # too large, or gone by now
        return verdict
    return FileVerdict(verdict.path, EQUAL, "but for the path of the checkout") if one == other else verdict


def _without_checkouts(project: Project, file: Path) -> bytes:
    """Return a text with the path of the project in place of those of its checkouts."""
    root = os.fsencode(project.root)
    return _checkouts(root).sub(lambda _: root, files.read(file, limit_bytes=compare_outputs.TEXT_BYTES_MAX))


def _checkouts(root: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(root + b"/" + CHECKOUTS.encode()) + rb"/[0-9a-f]{12}(-[0-9]+)?(?![^/\s:'\")])")


def _group_of(path: str, count: int) -> int | None:
    """Return the group that a file belongs to by its path in the storage directory; None if that is unknown."""
    if count == 1:
        return 0
    match = _IN_GROUP.match(path)
    return int(match[1]) if match and int(match[1]) < count else None


def _of_group(
    basis: GroupBasis, again: Group, first: Path, second: Path, seen: Sequence[FileVerdict]
) -> Sequence[FileVerdict]:
    """Return the verdicts on the files of a group; `seen` are those on the files as they are now."""
    outputs = basis.group.outputs
    if basis.listed is not None:
        changed = {*basis.gone, *_changed_since(basis.listed, first, seen)}
        now = {path: file for path in changed if (file := _as_listed(second, path, basis.listed[path]))}
        return compare_to_list(basis.listed, now, seen, changed)
    if basis.is_whole:
        return seen
    printed = [v for v in seen if (v.path in PRINTED and v.verdict != MISSING) or v.verdict == UNREADABLE]
    return [*printed, compare_to_record(".", outputs, again.outputs)] if outputs else printed


def _changed_since(listed: Mapping[str, OutputFile], first: Path, seen: Sequence[FileVerdict]) -> Iterator[str]:
    """Yield the files whose content is not what the first run had left, be it what the rerun has left or not."""
    for verdict in seen:
        file = listed.get(verdict.path) if verdict.verdict not in (MISSING, UNREADABLE) else None
        if file and file.sha256 and manifest.hashed(first, file.path, file.size) != file.sha256:
            yield file.path


def _as_listed(folder: Path, path: str, like: OutputFile) -> OutputFile | None:
    """Return a file of a directory as a list has it, hashed if another one is; None if there is none."""
    try:
        with folders.opened_file(folder, path) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return None
    return OutputFile(path, size, manifest.hashed(folder, path, size) if like.sha256 and size == like.size else None)
