"""Where the first qanat left the files of a run, and what they say.

Only directories inside the project are looked into; a record may name another, which stays unread.
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
from qanat.import_v0.meanings import Remarks

COMMENT = "comment.md"


@dataclass(frozen=True)
class Storage:
    """The storage directory of one run: as its record names it, and where it is; `info` is what its info.yaml says."""

    run: int
    written: str
    folder: Path
    root: Path
    readable: bool
    remarks: Remarks
    info: dict[str, Any] = field(default_factory=dict)

    def group(self, number: int, count: int) -> Path | None:
        """Give the directory of a group; None where nothing is to be read."""
        return group_folder(self.folder, number, count) if self.readable else None

    def parameters(self, number: int, count: int) -> dict[str, Any] | None:
        """Give the parameters that group_info.yaml of a group has."""
        folder = self.group(number, count)
        return storage.read_parameters(folder) if folder else None

    def jobs(self) -> dict[str, Any]:
        """Give what finds the jobs of a submitted run again: the cluster, when there is one."""
        clusters = self.info.get("cluster_ids")
        one = clusters[0] if isinstance(clusters, list) and len(clusters) == 1 else None
        return {"cluster": one} if isinstance(one, int | str) else {}

    def submitted(self, left_out: Collection[str]) -> dict[str, Any]:
        """Give the scheduler's options as they were submitted, without those that the first qanat set itself."""
        described = self.info.get("submit_dicts")
        first = described[0] if isinstance(described, list) and described else None
        return {k: v for k, v in first.items() if k not in left_out} if isinstance(first, dict) else {}

    def comment(self, noted: str) -> str:
        """Read the comment on the run; `noted` is where the database says that it is."""
        paths = [self.folder / COMMENT] if self.readable else []
        if noted and (named := Path(os.path.normpath(self.root / noted))).is_relative_to(self.root):
            paths.append(named)
        for path in paths:
            try:
                if found := storage.read_comment(path):
                    return found
            except InputInvalid as error:
                self.remarks.add(f"its comment was left out: {error.message}", self.run)
                return ""
        if noted:
            self.remarks.add(f"its comment is not there: {noted}", self.run)
        return ""


class Places:
    """Finds storage directories: where the database says, or where the project has moved to since."""

    def __init__(self, root: Path, old_root: Path, result_dir: str, remarks: Remarks) -> None:
        self._root = root
        self._old_root = old_root
        self._result_dir = result_dir if is_inside(result_dir) else "results"
        self._remarks = remarks

    def find(self, noted: str, old_name: str, name: str, number: int) -> Storage:
        """Find the directory of a run that the first qanat noted as this, for an experiment of that name."""
        usual = f"{self._result_dir}/{name}/run_{number}"
        if not noted:
            self._remarks.add("where its results are is not noted", number)
            return self._storage(number, usual)
        noted = noted.replace("\0", "")
        path = Path(os.path.normpath(self._root / noted))
        if not _is_folder(path):
            path = self._moved(path, noted, f"{self._result_dir}/{old_name}/run_{number}", number)
        inside = path.is_relative_to(self._root)
        return self._storage(number, path.relative_to(self._root).as_posix() if inside else str(path))

    def _moved(self, path: Path, noted: str, usual: str, number: int) -> Path:
        """Look for a directory that is not where it was."""
        for other in (Path(os.path.normpath(self._old_root / noted)), self._root / usual):
            if ".." not in Path(usual).parts and _is_folder(other):
                self._remarks.add(f"its results have moved: they are not in {path.parent}", number)
                return other
        return path

    def _storage(self, number: int, written: str) -> Storage:
        folder = self._root / written
        readable = folder.is_relative_to(self._root) and _is_folder(folder)
        info: dict[str, Any] = {}
        if not folder.is_relative_to(self._root):
            self._remarks.add("its results are outside of the project, and were not looked at", number)
        elif not readable:
            self._remarks.add("its results are not there any more; its record is kept", number)
        else:
            try:
                info = storage.read_info(folder)
            except InputInvalid as error:
                self._remarks.add(f"its info.yaml cannot be read: {error.message}", number)
        return Storage(number, written, folder, self._root, readable, self._remarks, info)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises for a path that is too long
