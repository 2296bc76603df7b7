"""Reading what the programs of a run print, even while they print it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qanat.errors import InputInvalid
from qanat.system import files
from qanat.usecases.tracking.find import Found

CHUNK_BYTES = 65_536


class LogReader:
    """Reads groups' growing output files from the beginning. Raises InputInvalid if the results are gone."""

    def __init__(self, found: Found, groups: Sequence[int], *, stderr: bool) -> None:
        if not found.folder.is_dir():
            raise InputInvalid(f"the results of run {found.run.number} are missing: {found.folder}")
        name = "stderr.txt" if stderr else "stdout.txt"
        self._files = {group: found.group_folder(group) / name for group in groups}
        self._read = dict.fromkeys(self._files, 0)

    def read_new(self) -> Iterator[tuple[int, bytes]]:
        """Yield the output since the last call, as pairs of group and bytes."""
        for group, path in self._files.items():
            while data := _from(path, self._read[group]):
                self._read[group] += len(data)
                yield group, data


def _from(path: Path, place: int) -> bytes:
    try:
        with files.open_for_reading(path) as file:
            file.seek(place)
            return file.read(CHUNK_BYTES)
    except OSError:
        return b""
