"""Refusing to act on jobs that a record names but that do not carry the intent of its run."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.job import JobHandle
from qanat.errors import UsageError

NAMED_MAX = 5


def refuse_strangers(title: str, handles: Sequence[JobHandle], what: str) -> None:
    """Raise UsageError if there are any such jobs; `what` was not done to them, such as "cancelled"."""
    if not handles:
        return
    names = [str(handle.job) for handle in handles]
    jobs = f"{', '.join(names[:NAMED_MAX])}{', …' if len(names) > NAMED_MAX else ''}"
    one = len(names) == 1
    raise UsageError(
        f"{'job' if one else 'jobs'} {jobs} of {title} {'does' if one else 'do'} not carry the intent of this run, and "
        f"{'was' if one else 'were'} not {what}",
        hint="the record of the run may have been edited or copied; check it with: qanat validate",
    )
