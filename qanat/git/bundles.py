"""Bundles: commits with their history in one file, from which git clones."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from qanat.errors import GitRefused
from qanat.git import command
from qanat.git.location import Location

_BLOCK_BYTES = 2**20


def write(location: Location, commits: Mapping[str, str], target: BinaryIO) -> tuple[int, str]:
    """Write a bundle of commits, each as a branch, by the names of the branches; return its size and SHA-256.

    The repository gets no refs for that. Raises GitRefused if a commit is not here, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="qanat-") as name:
        folder = Path(name)
        command.output(folder, "init", "--quiet", "--bare", "--template=", str(folder / "repository"))
        repository = folder / "repository"
        objects = location.common_dir / "objects"
        (repository / "objects" / "info").mkdir(exist_ok=True)
        (repository / "objects" / "info" / "alternates").write_bytes(os.fsencode(f"{objects}\n"))
        shallow = location.common_dir / "shallow"
        if shallow.is_file():
            (repository / "shallow").write_bytes(shallow.read_bytes())
        lines = "".join(f"create refs/heads/{branch} {commit}\n" for branch, commit in commits.items())
        try:
            command.output(repository, "update-ref", "--stdin", stdin=lines.encode())
        except GitRefused as error:
            raise GitRefused(
                f"no bundle without the commits of all runs: {error.message}",
                hint="fetch the missing ones, or leave out --bundle",
            ) from None
        file = folder / "bundle"
        command.output(repository, "bundle", "create", "--quiet", str(file), "--all")
        return _copied(file, target)


def _copied(source: Path, target: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(usedforsecurity=False), 0
    with source.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            target.write(block)
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
