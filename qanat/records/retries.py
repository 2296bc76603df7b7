"""Runs whose groups are to be retried automatically, noted when this user's qanat submitted them.

A record may come from anybody, so what it says of retries starts no jobs: these notes do, which lie in the repository's
private folder and count only where they were written (records.own_notes).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qanat.domain import times
from qanat.domain.layout import RETRIES
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import Group
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.domain.shortening import shortened
from qanat.records import own_notes

FOLDER = RETRIES
_PROBLEM_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Noted:
    """A run that is retried by its policy: the root of its working tree, its record, and what became of it so far.

    `launch` identifies what was launched (usecases.launch.retry_note). `variables` are those of the environment in
    which it was submitted that say where programs are; None stands for one that was not set. `given` is how many
    attempts each group has had by the policy. `failures` counts how often nothing could be submitted since the last
    time that something was, `last` is when that was, and `problem` why.
    """

    file: Path
    root: str
    record: str
    policy: RetryPolicy
    launch: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    given: Mapping[int, int] = field(default_factory=dict)
    failures: int = 0
    last: str | None = None
    problem: str = ""

    def is_due(self, group: Group) -> bool:
        """Return whether a group is to have another attempt."""
        return self.policy.is_due(group) and self.given.get(group.number, 0) < self.policy.times

    def with_attempt(self, groups: list[int]) -> Noted:
        """Return the note once these groups have got another attempt."""
        given = {**self.given, **{number: self.given.get(number, 0) + 1 for number in groups}}
        return replace(self, given=given, failures=0, last=None, problem="")

    def without(self, groups: Collection[int]) -> Noted:
        """Return the note once these groups get no more attempts."""
        return replace(self, given={**self.given, **dict.fromkeys(groups, self.policy.times)})


def note(private: Path, run_id: str, new: Noted, sharing: Sharing = UNSHARED) -> None:
    """Note a run; what it has been given stays as it was noted before. Raises WriteFailed."""
    known = read(private, run_id)
    write(replace(new, given=known.given) if known else new, sharing)


def write(noted: Noted, sharing: Sharing = UNSHARED) -> None:
    """Write a note. Raises WriteFailed."""
    content: dict[str, Any] = {"root": noted.root, "record": noted.record, "policy": noted.policy.as_mapping()}
    content |= {"launch": noted.launch, "variables": dict(noted.variables)}
    content |= {"given": dict(noted.given), "failures": noted.failures, "last": noted.last, "problem": noted.problem}
    own_notes.write(noted.file, content, sharing)


def of(private: Path, root: str) -> list[Noted]:
    """List the runs of a working tree that are retried automatically."""
    folder = private / FOLDER
    found = (_read(folder / name) for name in own_notes.names(folder))
    return [noted for noted in found if noted and noted.root == root]


def file_of(private: Path, run_id: str) -> Path:
    """Return the file of the note on a run."""
    return private / FOLDER / run_id


def read(private: Path, run_id: str) -> Noted | None:
    """Return the note on a run; None if this user's qanat is not to retry it."""
    return _read(file_of(private, run_id))


def forget(private: Path, run_id: str) -> None:
    """Forget a run, so that it is retried no more; another user's note stays."""
    with contextlib.suppress(OSError):
        file_of(private, run_id).unlink()


@contextmanager
def claimed(noted: Noted) -> Iterator[Noted | None]:
    """Yield the note as it is now, which no other process yields meanwhile; None if one does, or if it is gone."""
    try:
        descriptor = os.open(noted.file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield None
    else:
        yield _read(noted.file)
    finally:
        os.close(descriptor)


def _read(file: Path) -> Noted | None:
    content = own_notes.read(file)
    try:
        given = {int(number): int(count) for number, count in content["given"].items()}
        policy = RetryPolicy.from_mapping(content["policy"])
        last = content["last"] if times.is_timestamp(content["last"]) else None
        where = (content["root"], content["record"])
        launch = str(content["launch"])
        problem = shortened(str(content.get("problem", "")), _PROBLEM_MAX)
        return Noted(file, *where, policy, launch, content["variables"], given, int(content["failures"]), last, problem)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
