"""A soak test on an HTCondor pool: its schedd is killed, and jobs are held, removed and evicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.cluster import soak
from tests.cluster.htcondor_project import OnPool
from tests.cluster.soak import ENDING, EVENTS, HELD, RUNNING, WAITING, Event

FACTORY = "max_materialize: 15\n"
TOOLS = {
    "hold": "condor_hold",
    "release": "condor_release",
    "cancel": "condor_rm",
    "vacate": "condor_vacate_job",
}
# What JobStatus says.
STATES = {1: WAITING, 2: RUNNING, 5: HELD}


class Soak(soak.Soak[OnPool]):
    """A soak test with jobs that exist from the start, and jobs that the schedd creates one by one."""

    events = {**EVENTS, "vacate": Event(1, (RUNNING,))}
    # A job that is released while HTCondor still ends its program is forgotten by 23.9, so it gets this long for that.
    held_s = 4.0

    def prepare(self) -> None:
        """Define the template of the runs whose jobs are created one by one."""
        self.project.template("few", FACTORY)

    def words(self, number: int) -> list[str]:
        """Have the schedd create the jobs of two of three runs one by one."""
        return [*super().words(number), *(["--submit_template", "few"] if number % 3 else [])]

    def outages(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """Crash, and let the programs continue."""
        return [(1 / 2, self.crash), (1 / 2, self.let_go)]

    def crash(self) -> None:
        """Kill the schedd; its master restarts it."""
        self.project.pool.restart_daemon("SCHEDD")
        self.happened["crash of the schedd"] += 1

    def jobs(self) -> dict[str, str]:
        """Ask condor_q, which does not list jobs that have yet to be created; leave out those that release others."""
        found = [job for job in self.project.pool.jobs("JobStatus", "QanatIntent") if "QanatIntent" in job]
        return {f"{job['ClusterId']}.{job['ProcId']}": STATES.get(job["JobStatus"], ENDING) for job in found}

    def tool(self, what: str, job: str) -> bool:
        """Run one of HTCondor's tools for a job, or for a cluster and its job factory."""
        return self.project.pool.tool(TOOLS[what], job, check=False).returncode == 0

    def held_with(self, run: int) -> Iterable[str]:
        """List the jobs in the queue and their cluster."""
        cluster = str(self.project.cluster(run))
        return [*(job for job in self.jobs() if job.partition(".")[0] == cluster), cluster]

    def kick(self) -> None:
        """Hold and release jobs that wait although there is room for them."""
        waiting = [job for job, state in self.jobs().items() if state in (WAITING, HELD)]
        for what in ("hold", "release"):
            for job in waiting:
                self.tool(what, job)
        self.happened["kick"] += bool(waiting)
