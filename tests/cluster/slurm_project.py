"""A project whose runs go to a real Slurm cluster."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.on_cluster import OnCluster, wait_until
from tests.cluster.slurm_cluster import Cluster

# Nothing begins before, so that the jobs stay in the queue.
LATER = "begin: now+1hour\n"


class OnSlurm(OnCluster):
    """A project whose commands find a cluster through their environment."""

    runner = "slurm"
    cluster: Cluster

    @classmethod
    def make_beside(cls, root: Path, cluster: Cluster) -> OnSlurm:
        """Create a project with a template `later`, whose jobs stay in the queue."""
        made = cls.make(root)
        assert isinstance(made, OnSlurm)
        made.cluster = cluster
        made.template("later", LATER)
        return made

    def numbers(self, run: int = 1) -> list[str]:
        """Return the arrays, or the plain job, of a run's groups, ordered by group."""
        jobs = [group["job"] for group in self.record(run)["groups"]]
        return list(dict.fromkeys(job.partition("_")[0] for job in jobs))

    def intent(self, run: int = 1) -> str:
        """Return the intent that a run's jobs carry."""
        return str(self.record(run)["submission"]["intent"])

    def accounted(self, *states: str, run: int = 1) -> None:
        """Wait until accounting, if there is any, has the jobs of a run in these states."""
        if self.cluster.accounting:
            numbers, intent = self.numbers(run), self.intent(run)
            wait_until(lambda: sorted(self.cluster.accounted(numbers, intent)) == sorted(states))

    def in_queue(self, form: str = "%i", run: int = 1) -> list[str]:
        """List what squeue prints about the jobs that carry a run's intent, ordered by number."""
        mark = f"qanat:{self.intent(run)}:"
        lines = [line for line in self.cluster.squeue(f"%k %i {form}") if line.startswith(mark)]
        return [line.split(" ", 2)[2] for line in sorted(lines, key=_number)]


def _number(line: str) -> tuple[int, int]:
    number, _, element = line.split()[1].partition("_")
    return int(number), int(element or 0)
