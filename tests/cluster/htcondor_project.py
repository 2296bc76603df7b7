"""A project whose runs go to a real HTCondor pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.htcondor_pool import Pool
from tests.cluster.on_cluster import OnCluster

# Nothing has as many CPUs, so that the jobs stay in the queue.
NEVER = "request_cpus: 100000\n"


class OnPool(OnCluster):
    """A project beside a pool that its commands find in their environment."""

    runner = "htcondor"
    pool: Pool

    @classmethod
    def make_beside(cls, root: Path, pool: Pool) -> OnPool:
        """Make a project with a template `never`, whose jobs find no machine."""
        made = cls.make(root)
        assert isinstance(made, OnPool)
        made.pool = pool
        made.template("never", NEVER)
        return made

    def cluster(self, run: int = 1) -> int:
        """Give the cluster that a run was last submitted as."""
        return int(self.record(run)["submission"]["cluster"])

    def job(self, *attributes: str, run: int = 1, proc: int = 0) -> dict[str, Any]:
        """Give attributes of a job in the queue, as HTCondor's own tools know it; they expect it to be there."""
        (found,) = self.pool.jobs(*attributes, constraint=f"ClusterId == {self.cluster(run)} && ProcId == {proc}")
        return found

    def clusters_in_pool(self) -> set[int]:
        """List the clusters that the pool has or had, whoever submitted them."""
        return {job["ClusterId"] for history in (False, True) for job in self.pool.jobs(history=history)}

    @contextmanager
    def without_the_log(self, name: str, run: int = 1) -> Iterator[None]:
        """Take a run's event log away for a while, and let HTCondor write no other."""
        log = self.storage(name, run) / "htcondor.log"
        away = log.with_suffix(".away")
        log.rename(away)
        log.mkdir()
        try:
            yield
        finally:
            log.rmdir()
            away.rename(log)
