"""Small disks of their own for parts of a project, which a test can fill or make read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = 4096
SIZE = "3m"


@dataclass(frozen=True)
class Disk:
    """A file system in memory, which is mounted at a folder."""

    folder: Path

    @contextmanager
    def full(self, pages: int) -> Iterator[None]:
        """Leave only this many pages for what is written in the block; each file and folder takes at least one."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * PAGE)
            except OSError:
                pass
        os.truncate(filler, max(0, filler.stat().st_size // PAGE - pages) * PAGE)
        try:
            yield
        finally:
            filler.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Mount it read-only for a block."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)


@contextmanager
def disk_at(folder: Path) -> Iterator[Disk]:
    """Put a folder with its content on a disk of its own; skip the test where nothing can be mounted.

    What is copied gets other inodes.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    kept = Path(tempfile.mkdtemp(prefix="qanat-disk-"))
    shutil.copytree(folder, kept, symlinks=True, dirs_exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "qanat", str(folder)], check=False)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(kept)
