"""Interpreters of other languages, by what they print as their version, and programs that are their own executable."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from qanat.domain.environment import Interpreter
from qanat.domain.machine import VERSION
from qanat.errors import QanatError
from qanat.records.remembered import Remembered, stamp_at
from qanat.system import files, hashing, programs, r_installation
from qanat.usecases.environment import libraries
from qanat.usecases.environment.interpreter import NotStarted

T = TypeVar("T")
EXECUTABLE_BYTES_MAX = 256 * 2**20
_PATIENCE_S = 10.0
_LANGUAGES = {
    "Rscript": "r",
    "R": "r",
    "julia": "julia",
    "octave": "octave",
    "perl": "perl",
    "ruby": "ruby",
    "node": "node",
}
_R_VARIABLES = ("R_LIBS", "R_LIBS_USER", "R_LIBS_SITE", "R_ENVIRON", "R_ENVIRON_USER", "R_HOME")
_RENV_LOCK = "renv.lock"
# They start other programs, which cannot be known without running them.
_SHELLS = ("sh", "dash", "bash", "zsh", "ksh", "busybox", "fish")
_MATLAB = re.compile(r"R20[0-9]{2}[ab]")


def describe(known: Remembered, program: Path, folder: Path, *, starts: bool) -> dict[str, Any]:
    """Return what an environment says of a program: the language that it interprets, or else its hash.

    Nothing is said of a shell. Raises NotStarted if its version is not known, and it must not be started.
    """
    real = program.resolve()
    if real.name in _SHELLS:
        return {}
    if program.name == "matlab" and (release := _MATLAB.search(str(real))):
        return {"interpreter": Interpreter("matlab", release[0])}
    stamps = {str(program): stamp_at(str(program))}
    if language := _LANGUAGES.get(program.name):
        version = _asked(known, f"version {program}", stamps, lambda: _version(program, folder), starts=starts)
        if version:
            packages = _r_packages(known, program, folder, starts=starts) if language == "r" else {}
            return {"interpreter": Interpreter(language, version), "distributions": packages}
    digest = known.found(f"executable {program}", stamps, lambda: hashing.digest_within(real, EXECUTABLE_BYTES_MAX))
    return {"executable": digest, "libraries": libraries.find(known, program, folder, os.environ)} if digest else {}


def _r_packages(known: Remembered, program: Path, folder: Path, *, starts: bool) -> dict[str, str]:
    """Return the packages of an R; with a lock file of renv, that has them, and its library is known to R alone."""
    if files.exists(folder / _RENV_LOCK):
        return {}
    rscript = program.with_name("Rscript")
    read = (str(rscript), str(folder / ".Renviron"), os.path.expanduser("~/.Renviron"))  # noqa: PTH111
    stamps = {path: stamp_at(path) for path in read}
    name = f"R libraries {rscript} {[os.environ.get(variable, '') for variable in _R_VARIABLES]}"
    folders = _asked(known, name, stamps, lambda: r_installation.libraries(rscript, folder), starts=starts)
    contents = {place: stamp_at(place) for place in folders}
    return known.found(f"R packages {folders}", contents, lambda: r_installation.packages(folders))


def _asked(known: Remembered, name: str, stamps: Mapping[str, str], ask: Callable[[], T], *, starts: bool) -> T:
    """Return the answer of a program, which is asked again next time if it gives none, as when it takes too long.

    Raises NotStarted if it is not known, and the program must not be started.
    """
    found: T | None = known.get(name, stamps)
    if found is not None:
        return found
    if not starts:
        raise NotStarted
    answer = ask()
    if answer:
        known.put(name, stamps, answer)
    return answer


def _version(program: Path, folder: Path) -> str:
    with contextlib.suppress(QanatError, OSError):
        asked = programs.run([str(program), "--version"], cwd=folder, timeout_s=_PATIENCE_S)
        if found := VERSION.search((asked.out or asked.err)[:1_000].decode("utf-8", "replace")):
            return found[0]
    return ""
