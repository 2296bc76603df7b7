"""The figures that references name: whether a file is the one that a run left."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from qanat.domain.facts import Row
from qanat.domain.layout import group_folder, is_inside
from qanat.domain.reference import OfBest, OfRun, Reference
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.records import manifest, run_codec
from qanat.system import below
from qanat.usecases.references.known_runs import KnownRuns, pin_of
from qanat.usecases.references.values import chosen
from qanat.usecases.tracking.find import removal_of

SIZE_BYTES_MAX = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Figure:
    """A file of a run: its SHA-256 as the run left it; empty if that is not known here.

    `data` is the file itself, if it is here and as the run left it. `why` says why it is not.
    """

    runs: tuple[str, ...]
    pin: str
    sha256: str = ""
    data: bytes | None = None
    why: str = ""
    moved: str = ""


def figure_of(known: KnownRuns, reference: Reference, pin: str) -> Figure:
    """Return the file of a run that a reference names. Raises RunGone, UsageError."""
    target, moved = reference.target, ""
    if isinstance(target, OfRun):
        row = known.row(target)
    elif isinstance(target, OfBest):
        row, moved = chosen(known, target, reference.options.get("better", ""), pin)
    else:
        raise UsageError(f"{quoted(reference.spelled)} is not a figure", hint="for example: 4:means.pdf")
    if not is_inside(target.name):
        raise UsageError(f"{target.name} is not inside the directory of the run")
    found = _left(known, row, target.name)
    return Figure((row.run.id,), pin_of(row), *found, moved)


def _left(known: KnownRuns, row: Row, name: str) -> tuple[str, bytes | None, str]:
    """Return the SHA-256 of a file that a run left, the file, and why there is none.

    Files in the directory of a run with several groups are those of an action, of which no list exists.
    """
    run = run_codec.from_index(known.index.record(known.paths[row.run.id]), known.paths[row.run.id])
    number, name = _group_and_name(row, run, name)
    folder, listed = known.project.storage_of(run), None
    if number is not None:
        folder = group_folder(folder, number, len(run.groups))
        outputs = run.groups[number].outputs
        listed = manifest.read(folder, outputs) if outputs else None
    recorded = listed[name].sha256 if listed and name in listed else None
    try:
        data = below.read(folder, name, SIZE_BYTES_MAX)
    except (InputInvalid, NotFound, OSError):
        if run.results_removed and not folder.is_dir():
            return recorded or "", None, f"the results of run {run.number} {removal_of(run)}"
        if recorded:
            return recorded, None, f"{name} of run {run.number} is not here"
        if listed is not None or folder.is_dir():
            of_group = f"; that of a group is named {run.number}.0:{name}" if number is None else ""
            hint = f"its files are in {folder}{of_group}"
            raise UsageError(f"run {run.number} has no file {name}", hint=hint) from None
        return "", None, f"the results of run {run.number} are not here"
    found = hashlib.sha256(data).hexdigest()
    if recorded and found != recorded:
        return recorded, None, f"{name} of run {run.number} was changed after the run"
    return found, data, ""


def _group_and_name(row: Row, run: Run, name: str) -> tuple[int | None, str]:
    """Return the group that left a file, None for the run as a whole, and the name of the file in its directory."""
    if row.group or len(run.groups) == 1:
        return row.group.number if row.group else 0, name
    folder, _, inner = name.partition("/")
    number = folder.removeprefix("group_")
    if inner and folder == f"group_{number}" and number.isdecimal() and int(number[:9]) < len(run.groups):
        return int(number[:9]), inner
    return None, name
