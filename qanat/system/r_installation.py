"""The packages of an R: in which libraries it looks for them, and which are there.

R is started without the profiles of users and sites, which are programs; the files in which they set variables
(`.Renviron`) are read, since they may name libraries.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from qanat.errors import InputInvalid, QanatError
from qanat.system import files, programs

_QUESTION = ("--no-init-file", "--no-site-file", "--no-restore", "-e", r'cat(.libPaths(), sep = "\n")')
_PATIENCE_S = 10.0
_DESCRIPTION_BYTES_MAX = 2**20
_FIELD = re.compile(rb"^(Package|Version):[ \t]*([^\s]+)[ \t]*\r?$", re.MULTILINE)
PACKAGES_MAX = 20_000


def libraries(rscript: Path, cwd: Path) -> list[str]:
    """Start R, and return the folders in which it looks for packages; none if it does not answer."""
    try:
        asked = programs.run([str(rscript), *_QUESTION], cwd=cwd, timeout_s=_PATIENCE_S)
    except QanatError:
        return []
    lines = os.fsdecode(asked.out).splitlines() if asked.status == 0 else []
    return [line for line in lines if line.startswith("/")]


def packages(folders: Sequence[str]) -> dict[str, str]:
    """Map the packages in these libraries, of which the first one counts, to their versions; all of it is printable."""
    found: dict[str, str] = {}
    for folder in folders:
        for name, version in _in_library(folder):
            if len(found) < PACKAGES_MAX:
                found.setdefault(name, version)
    return found


def _in_library(folder: str) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return
    for name in names:
        try:
            text = files.read(Path(folder, name, "DESCRIPTION"), limit_bytes=_DESCRIPTION_BYTES_MAX)
        except InputInvalid:
            continue
        fields = {key: value.decode("utf-8", "replace") for key, value in _FIELD.findall(text)}
        package, version = fields.get(b"Package", ""), fields.get(b"Version", "")
        if package == name and version and f"{package}{version}".isprintable():
            yield package, version
