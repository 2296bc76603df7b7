"""Telling git how to merge the files of `.qanat/`: lines in `.gitattributes`, and the program in its config.

The lines are tracked, so a clone has them; the config is not, so any command that looks at runs sets it. Without
qanat, git merges line by line, and comments on runs keep the lines of both sides.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import QanatError, UsageError
from qanat.git import config
from qanat.git.location import Location
from qanat.system import files
from qanat.usecases.project import Project

ATTRIBUTES = ".gitattributes"
RULES = ("/.qanat/**/*.yaml merge=qanat", "/.qanat/runs/**/*.md merge=union")
DRIVER = "merge.qanat.driver"
_SECTION = b'[merge "qanat"]'


@dataclass(frozen=True, slots=True)
class Changed:
    """What was newly set up: lines of `.gitattributes` (for the user to commit), and the repository's config."""

    attributes: bool
    driver: bool


def set_up(project: Project) -> Changed:
    """Set up merging in a project; other lines of `.gitattributes` stay unchanged. Raises UsageError, GitRefused."""
    path = project.root / ATTRIBUTES
    if path.is_dir() or path.is_symlink():
        raise UsageError(f"{path} is not a file that git reads", hint="move it elsewhere")
    before = path.read_bytes() if path.exists() else b""
    after = files.with_lines(before, RULES)
    driver = set_driver(project.location)
    if after != before:
        project.write(path, after)
    return Changed(after != before, driver)


def set_driver(location: Location) -> bool:
    """Name exactly this qanat in the repository's config; return whether that changed anything. Raises GitRefused."""
    if config.get(location, DRIVER) == _driver():
        return False
    config.set_one(location, "merge.qanat.name", "qanat's records and definitions")
    config.set_one(location, DRIVER, _driver())
    return True


def set_driver_of_clone(project: Project) -> None:
    """Set the config of a repository that has only the lines, or whose qanat is gone; failures are ignored."""
    known = b""
    with contextlib.suppress(OSError):
        known = (project.location.common_dir / "config").read_bytes()
    if _SECTION in known and sys.executable.encode() in known:
        return
    with contextlib.suppress(QanatError, OSError):
        if RULES[0].encode() not in (project.root / ATTRIBUTES).read_bytes():
            return
        if _SECTION not in known or _is_gone(config.get(project.location, DRIVER)):
            set_driver(project.location)


def _is_gone(driver: str) -> bool:
    """Return whether a driver that qanat has set names a Python that no longer exists."""
    test = driver.replace("%%", "%").split(" && ")[0].removeprefix("if test -x ")
    return driver.startswith("if test -x ") and not Path(*shlex.split(test)).exists()


def _driver() -> str:
    """Return the command line for git, which passes it to a shell; without qanat it does what git would have done.

    -P keeps Python from looking for modules in the working tree.
    """
    # git would replace a percent sign.
    python, package = (
        shlex.quote(path.replace("%", "%%")) for path in (sys.executable, str(Path(__file__).parents[2]))
    )
    return (
        f"if test -x {python} && test -d {package};"
        f" then {python} -P -m qanat merge-driver --marker-size %L %O %A %B %P;"
        f" else echo {python} 'no longer has qanat: merging line by line' >&2;"
        " git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B; fi"
    )
