"""The hook `qanat-validate`: files below `.qanat/` against their schemas and against each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from qanat.errors import QanatError
from qanat.usecases.project import open_project
from qanat.usecases.validate_state import validate


def main() -> NoReturn:
    """Check the files named on the command line; exit code 1 when there is a problem, 2 when it cannot be checked."""
    sys.exit(_check([Path(name).absolute() for name in sys.argv[1:]]))


def _check(paths: list[Path]) -> int:
    try:
        project = open_project(Path.cwd())
        with project.index() as index:
            problems = validate(project, index, [path for path in paths if path.exists() or path.is_symlink()])
    except QanatError as error:
        sys.stderr.write(f"qanat-validate: {error.message}\n")
        return error.exit_code
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    return 1 if problems else 0
