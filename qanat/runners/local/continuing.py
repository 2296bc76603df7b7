"""Which jobs continue in another attempt, and which have none left."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace

from qanat.domain.completion import out_of_attempts
from qanat.domain.job import JobSpec, JobStatus


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a job: which one of those that are made here, from 1, and when its flag had been written before."""

    number: int
    flag_ns: int | None

    @classmethod
    def begin(cls, job: JobSpec, number: int) -> Attempt:
        """Return an attempt that is about to start."""
        return cls(number, _flag_ns(job))

    def next_job(self, job: JobSpec, status: JobStatus) -> JobSpec | None:
        """Return the job of the attempt that follows this one, which has ended like this; None if none does."""
        checkpoint = job.checkpoint
        if checkpoint is None or not self._asks_for_more(job, status) or self.number >= checkpoint.attempts:
            return None
        return replace(job, attempt=job.attempt + 1)

    def ended(self, job: JobSpec, status: JobStatus) -> JobStatus:
        """Return how a job has ended that does not continue, though its program may have said so."""
        return out_of_attempts(status) if self._asks_for_more(job, status) else status

    def _asks_for_more(self, job: JobSpec, status: JobStatus) -> bool:
        checkpoint = job.checkpoint
        if checkpoint is None:
            return False
        if status.exit_code is not None and status.exit_code == checkpoint.exit_code:
            return True
        now_ns = _flag_ns(job)
        return now_ns is not None and (self.flag_ns is None or now_ns > self.flag_ns)


def _flag_ns(job: JobSpec) -> int | None:
    """Return when the file was written by which a program says that it is to continue; None without one."""
    if job.checkpoint is None or job.checkpoint.file is None:
        return None
    try:
        found = (job.storage / job.checkpoint.file).stat()
    except OSError:
        return None
    return found.st_mtime_ns if stat.S_ISREG(found.st_mode) else None
