"""Where qanat 0.x left the files of a run, and what they say.

Only directories inside the project are read, even if a record names another one.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qanat.domain.layout import group_folder, is_inside
from qanat.errors import InputInvalid
from qanat.import_v0 import storage
from qanat.imports.remarks import Remarks
from qanat.records.record_reader import PATH_MAX

COMMENT = "comment.md"


@dataclass(frozen=True)
class Storage:
    """The storage directory of one run: as its record names it, and where it is; `info` is the content of info.yaml."""

    run: int
    written: str
    folder: Path
    root: Path
    readable: bool
    remarks: Remarks
    info: dict[str, Any] = field(default_factory=dict)

    def group(self, number: int, count: int) -> Path | None:
        """Return a group's directory; None if the storage directory cannot be read."""
        return group_folder(self.folder, number, count) if self.readable else None

    def parameters(self, number: int, count: int) -> dict[str, Any] | None:
        """Return a group's parameters from its group_info.yaml; None if there are none."""
        folder = self.group(number, count)
        return storage.read_parameters(folder) if folder else None

    def jobs(self) -> dict[str, Any]:
        """Return what identifies the jobs of a submitted run: the cluster, if there is a single one."""
        clusters = self.info.get("cluster_ids")
        one = clusters[0] if isinstance(clusters, list) and len(clusters) == 1 else None
        return {"cluster": one} if isinstance(one, int | str) else {}

    def submitted(self, left_out: Collection[str]) -> dict[str, Any]:
        """Return the scheduler's options as submitted, without `left_out`, which qanat 0.x added itself."""
        described = self.info.get("submit_dicts")
        first = described[0] if isinstance(described, list) and described else None
        return {k: v for k, v in first.items() if k not in left_out} if isinstance(first, dict) else {}

    def comment(self, recorded: str) -> str:
        """Read the comment on the run; `recorded` is its path according to the database."""
        paths = [self.folder / COMMENT] if self.readable else []
        if recorded and (named := Path(os.path.normpath(self.root / recorded))).is_relative_to(self.root):
            paths.append(named)
        for path in paths:
            try:
                if found := storage.read_comment(path):
                    return found
            except InputInvalid as error:
                self.remarks.add(f"its comment was not imported: {error.message}", self.run)
                return ""
        if recorded:
            self.remarks.add(f"its comment is missing: {recorded}", self.run)
        return ""


class Places:
    """Finds storage directories: where the database says, or where they are after the project moved."""

    def __init__(self, root: Path, old_root: Path, result_dir: str, remarks: Remarks) -> None:
        self._root = root
        self._old_root = old_root
        self._result_dir = result_dir if is_inside(result_dir) else "results"
        self._remarks = remarks
        self._taken: dict[Path, int] = {}  # the first run with each directory

    def find(self, recorded: str, old_name: str, name: str, number: int) -> Storage:
        """Find a run's directory, from the path in the database and the experiment's old and new names."""
        usual = f"{self._result_dir}/{name}/run_{number}"
        if not recorded:
            self._remarks.add("the database does not say where its results are", number)
            return self._storage(number, usual)
        path = Path(os.path.normpath(self._root / recorded))
        if not _is_folder(path):
            path = self._moved(path, recorded, f"{self._result_dir}/{old_name}/run_{number}", number)
        inside = path.is_relative_to(self._root)
        written = path.relative_to(self._root).as_posix() if inside else str(path)
        if len(written) > PATH_MAX:
            long = f"its results have a path of over {PATH_MAX:,} characters"
            self._remarks.add(f"{long}; {usual} stands in for it", number)
            written = usual
        return self._storage(number, written)

    def _moved(self, path: Path, recorded: str, usual: str, number: int) -> Path:
        """Look for a directory that is no longer at its recorded path."""
        for other in (Path(os.path.normpath(self._old_root / recorded)), self._root / usual):
            if ".." not in Path(usual).parts and _is_folder(other):
                self._remarks.add(f"its results have moved: they are no longer in {path.parent}", number)
                return other
        return path

    def _storage(self, number: int, written: str) -> Storage:
        folder = self._root / written
        first = self._taken.setdefault(folder, number)
        if first != number:
            self._remarks.add(f"its storage directory is that of run {first}, too; validate reports both", number)
        readable = folder.is_relative_to(self._root) and _is_folder(folder)
        info: dict[str, Any] = {}
        if not folder.is_relative_to(self._root):
            self._remarks.add("its results are outside the project and were not read", number)
        elif not readable:
            self._remarks.add("its results no longer exist; its record is kept", number)
        else:
            try:
                info = storage.read_info(folder)
            except InputInvalid as error:
                self._remarks.add(f"its info.yaml cannot be read: {error.message}", number)
        return Storage(number, written, folder, self._root, readable, self._remarks, info)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises for a path that is too long
