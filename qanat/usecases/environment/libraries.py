"""The shared libraries of a program that come with it: those that it finds by paths of its own or LD_LIBRARY_PATH.

Those of the system, which the loader finds without that, are as its packages have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from qanat.records.remembered import Remembered, stamp_at
from qanat.system import elf, files, hashing

BYTES_MAX = 256 * 2**20
LIBRARIES_MAX = 100
PLACES_MAX = 100_000


def find(known: Remembered, program: Path, folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each library, by its name; they are read only if they have changed."""
    searched = [part for part in variables.get("LD_LIBRARY_PATH", "").split(":") if part]
    found = dict(islice(_found(program, folder, searched), LIBRARIES_MAX))
    stamps = {path: stamp_at(path) for path in found.values()}
    return known.found(f"libraries {program}", stamps, lambda: _hashed(found)) if found else {}


def _found(program: Path, folder: Path, searched: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the path of each library that a program needs, and of those that they need.

    Relative paths start at the folder that the program is started in, also a name with a slash.
    """
    waiting = [program]
    seen: set[str] = set()
    looks = iter(range(PLACES_MAX))  # a file may name thousands of libraries, and thousands of folders for each
    while waiting:
        needs = elf.needs_of(waiting.pop())
        for name in needs.names:
            places = [""] if "/" in name else chain(needs.rpath, searched, needs.runpath)
            paths = (folder / place / name for _, place in zip(looks, places, strict=False))
            path = next(filter(files.is_file, paths), None)
            if name not in seen and path and name.isprintable():
                seen.add(name)
                waiting.append(path)
                yield name, str(path)


def _hashed(found: Mapping[str, str]) -> dict[str, str]:
    digests = {name.rpartition("/")[2]: hashing.digest_within(path, BYTES_MAX) for name, path in found.items()}
    return {name: digest for name, digest in digests.items() if digest}
