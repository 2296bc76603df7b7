"""Copies of repositories: copying takes a fraction of the time of building."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from pathlib import Path

# As gitformat-index describes them.
_HEADER = struct.Struct(">4sII")
_STAT = struct.Struct(">6I")
_SIZE = struct.Struct(">I")
_SIZE_AT = 36
_NAME_AT = 62


def copy_repository(original: Path, root: Path) -> Path:
    """Copy a working tree with its repository to a new folder, where git knows its files as unchanged."""
    shutil.copytree(original, root, symlinks=True)
    refresh_index(root)
    return root


class Original:
    """A folder without links, read once, that is written many times."""

    def __init__(self, folder: Path) -> None:
        found = sorted(path.relative_to(folder) for path in folder.rglob("*"))
        self._folders = [str(path) for path in found if (folder / path).is_dir()]
        files = [path for path in found if (folder / path).is_file()]
        self._files = [(str(path), (folder / path).read_bytes()) for path in files]
        self._programs = [str(path) for path in files if (folder / path).stat().st_mode & 0o100]

    def copy(self, root: Path) -> Path:
        """Write it to a new folder, whose files have new times."""
        root.mkdir(parents=True)
        top = f"{root}/"
        for folder in self._folders:
            os.mkdir(top + folder)  # noqa: PTH102  # strings take half the time
        for file, content in self._files:
            with open(top + file, "wb", 0) as opened:  # noqa: PTH123
                opened.write(content)
        for program in self._programs:
            os.chmod(top + program, 0o755)  # noqa: PTH101
        return root


def refresh_index(root: Path) -> None:
    """Write times, inodes and sizes of the files into the index, as `git update-index --refresh` does in a process.

    No file may have been changed since it was added.
    """
    index = root / ".git/index"
    content = bytearray(index.read_bytes()[: -hashlib.sha1().digest_size])
    signature, version, count = _HEADER.unpack_from(content)
    assert (signature, version) == (b"DIRC", 2)
    at = _HEADER.size
    for _ in range(count):
        end = content.index(b"\0", at + _NAME_AT)
        found = (root / os.fsdecode(bytes(content[at + _NAME_AT : end]))).lstat()
        times = (*divmod(found.st_ctime_ns, 10**9), *divmod(found.st_mtime_ns, 10**9))
        _STAT.pack_into(content, at, *times, found.st_dev & 0xFFFFFFFF, found.st_ino & 0xFFFFFFFF)
        # git wrote 0 for a file that changed in the second in which it wrote the index.
        _SIZE.pack_into(content, at + _SIZE_AT, found.st_size)
        at += (end - at + 8) // 8 * 8
    index.write_bytes(content + hashlib.sha1(content).digest())
