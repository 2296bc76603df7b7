"""Commit the records that wait for a commit; `qanat hooks install` makes git call this after every commit.

git ignores how it ends: the commit has been made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from qanat.errors import QanatError
from qanat.usecases.checks.printed import printed
from qanat.usecases.checks.scope import project_at
from qanat.usecases.merging import deleted
from qanat.usecases.tracking import uncommitted


def main() -> None:
    """Commit what waits, and say how much that was."""
    try:
        project = project_at(Path.cwd())
        notes = deleted.finish(project, after_commit=True)
        outcome = uncommitted.commit(project, after_commit=True)
    except QanatError as error:
        _tell(f"records not committed: {error.message}")
        return
    for note in [*notes, *outcome.notes]:
        _tell(note)
    for made in outcome.made:
        _tell(f"committed {made.described}")


def _tell(text: str) -> None:
    sys.stderr.write(f"qanat: {printed(text)}\n")


if __name__ == "__main__":
    main()
