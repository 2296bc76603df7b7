"""Python scripts that name their packages themselves (PEP 723): uv makes an environment for each in its cache."""

from __future__ import annotations

import os
from pathlib import Path

from qanat.errors import QanatError
from qanat.records.remembered import Remembered, stamp_at
from qanat.system import files, programs
from qanat.usecases.environment.interpreter import NotStarted

_PATIENCE_S = 10.0
# Where uv 0.4 to 0.13 have them, in their cache.
_ENVIRONMENTS = "environments-"


def find_python(known: Remembered, uv: Path, script: Path, folder: Path, *, starts: bool) -> Path | None:
    """Return the Python with which uv runs a script; None if uv has made no environment for it yet.

    Raises NotStarted if it is not known, and uv must not be started.
    """
    stamps = {path: stamp_at(path) for path in (str(script), f"{script}.lock", str(uv))}
    name = f"uv script {script}"
    if (path := known.get(name, stamps)) and files.exists(Path(path)):
        return Path(path)
    if not starts:
        raise NotStarted
    found = _ask(uv, script, folder)
    if found:
        known.put(name, stamps, str(found))
    return found


def _ask(uv: Path, script: Path, folder: Path) -> Path | None:
    command = [str(uv), "python", "find", "--no-python-downloads", "--script", str(script)]
    try:
        asked = programs.run(command, cwd=folder, timeout_s=_PATIENCE_S)
    except QanatError:
        return None
    path = Path(os.fsdecode(asked.out.strip()))
    # Without an environment of its own, uv names any Python.
    is_its_own = asked.status == 0 and path.parents[2:] and path.parents[2].name.startswith(_ENVIRONMENTS)
    return path if is_its_own else None
