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
    """A project whose commands find a pool through their environment."""

    runner = "htcondor"
    pool: Pool

    @classmethod
    def make_beside(cls, root: Path, pool: Pool) -> OnPool:
        """Create a project with a template `never`, whose jobs find no machine."""
        made = cls.make(root)
        assert isinstance(made, OnPool)
        made.pool = pool
        made.template("never", NEVER)
        return made

    def cluster(self, run: int = 1) -> int:
        """Return the cluster as which a run was last submitted."""
        return int(self.record(run)["submission"]["details"]["cluster"])

    def job(self, *attributes: str, run: int = 1, proc: int = 0) -> dict[str, Any]:
        """Return attributes of a job, which must be in the queue, as HTCondor's own tools report them."""
        (found,) = self.pool.jobs(*attributes, constraint=f"ClusterId == {self.cluster(run)} && ProcId == {proc}")
        return found

    def clusters_in_pool(self) -> set[int]:
        """List the clusters that the pool has or had, from any user."""
        return {job["ClusterId"] for history in (False, True) for job in self.pool.jobs(history=history)}

    @contextmanager
    def without_the_log(self, name: str, run: int = 1) -> Iterator[None]:
        """Move a run's event log away inside the `with` block, and keep HTCondor from writing another."""
        log = self.storage(name, run) / "htcondor.log"
        away = log.with_suffix(".away")
        log.rename(away)
        log.mkdir()
        try:
            yield
        finally:
            log.rmdir()
            away.rename(log)
