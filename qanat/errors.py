"""The errors that qanat raises on purpose: each is a message for the user, a hint, and an exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path  # not at start-up, since it takes 5 ms

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_BUG = 70
MORE_FILES = "raise the limit on open files, such as: ulimit -n 4096"


class QanatError(Exception):
    """A message for the user, and in `hint` the next step. It is shown once, in cli/main.py."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(QanatError):
    """The command's arguments do not make sense together."""

    exit_code = EXIT_USAGE


class InputInvalid(QanatError):
    """A file or value given by the user is wrong; the message says where."""

    exit_code = EXIT_USAGE


class ExtendsInvalid(InputInvalid):
    """A template extends what does not exist, itself, too many, or nothing that is for this machine."""


class PlanDrifted(QanatError):
    """What would be run is no longer what a plan says."""


class VersionTooNew(InputInvalid):
    """A file is of a version that only a newer qanat reads: nothing is wrong with it, and it must stay as it is.

    `problem` is the message without the file.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source} {problem}", hint="install a newer qanat; its README says how")
        self.problem = problem


class RecordEdited(InputInvalid):
    """A record has changes that qanat did not make; it is left to the person who made them."""

    @property
    def sentence(self) -> str:
        """The message and the hint as one sentence, for a note."""
        return f"{self.message} ({self.hint})"


class ProjectNotFound(QanatError):
    """There is no qanat project, or none that can be used."""

    exit_code = EXIT_USAGE


class NotFound(QanatError):
    """No experiment, dataset, template or run has this name."""

    exit_code = EXIT_USAGE


class ImageNotFound(NotFound):
    """There is no such image of a container, or no longer."""


class GitRefused(QanatError):
    """The repository is in a state in which qanat must not or cannot do this."""

    exit_code = EXIT_USAGE


class WriteFailed(QanatError):
    """A file could not be written: disk full, no permission, no folder."""


class NotRemoved(QanatError):
    """A directory was left as it is, or was removed only in part."""


class RunnerUnavailable(QanatError):
    """A scheduler or a program that qanat needs is missing or does not answer."""

    exit_code = EXIT_UNAVAILABLE


class PackageMissing(RunnerUnavailable, ImportError):
    """A Python package that only some commands and methods need is not installed."""


class SubmitFailed(QanatError):
    """A runner could not start jobs; nothing was queued."""

    exit_code = EXIT_UNAVAILABLE


class SubmitUnknown(QanatError):
    """A scheduler did not say whether it accepted jobs; the next command that looks at runs finds out."""

    exit_code = EXIT_UNAVAILABLE


class Linked(OSError):
    """A symbolic link is in the way; `filename` is its path."""


def write_failed(path: Path | str, error: OSError) -> WriteFailed:
    """Return an error that says why path could not be written."""
    if isinstance(error, Linked):
        what = f"cannot write {path}: {error.filename} is a symbolic link"
        return WriteFailed(what, hint="remove the link, or replace it with what it points to")
    return WriteFailed(f"cannot write {path}: {reason(error)}", hint=_remedy(path, error))


def _remedy(path: Path | str, error: OSError) -> str:
    """Return what to do about a failed write."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "free some space, or choose another location"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return MORE_FILES
    if error.errno == errno.EROFS:
        return "work in a copy on a disk that you can write to"
    if error.errno in (errno.EACCES, errno.EPERM):
        return _permission(path)
    return "choose another location"


def _permission(path: Path | str) -> str:
    """Return whom the file or the nearest folder above it belongs to, and how several users share a repository."""
    place = os.fspath(path)
    while not os.path.lexists(place) and os.path.dirname(place) != place:  # noqa: PTH120  # no Path at start-up
        place = os.path.dirname(place)  # noqa: PTH120
    try:
        owner = os.lstat(place).st_uid
    except OSError:
        return "check the permissions of its folder"
    if owner == os.geteuid():
        return f"check the permissions of {place}"
    share = "git config core.sharedRepository group && chmod -R g+rwX .git .qanat"
    return f"{place} belongs to {user_name(owner)}, who can share the project: {share}"


def user_name(number: int) -> str:
    """Return the name of a user by its number."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def reason(error: OSError) -> str:
    """Return the system's reason in lower case, such as `no space left on device`."""
    if isinstance(error, Linked):
        return "is a symbolic link"
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
