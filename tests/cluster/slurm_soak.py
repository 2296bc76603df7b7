"""A soak test on a Slurm cluster: its controller is stopped and killed, and jobs are held, requeued and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.cluster import soak
from tests.cluster.slurm_project import OnSlurm
from tests.cluster.soak import ENDING, EVENTS, HELD, RUNNING, WAITING, Event

STATES = {"PENDING": WAITING, "RUNNING": RUNNING}
# The controller takes this long at most to write its state.
SAVING_S = 1.0


class Soak(soak.Soak[OnSlurm]):
    """A soak test whose runs are arrays."""

    # Slurm holds only what does not run.
    events = {**EVENTS, "hold": Event(2, (WAITING,)), "requeue": Event(2, (RUNNING,))}
    held_s = 2.0
    _forgotten: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Let jobs without a trace be lost after a second instead of a minute."""
        self.project.settings("grace: {unknown_s: 5}")

    def outages(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """Stop the controller, let the programs continue, and crash."""
        return [(1 / 4, self.stop_controller), (1 / 4, self.let_go), (1 / 2, self.crash)]

    def stop_controller(self) -> None:
        """Stop the controller and start it again; in between qanat is used."""
        in_flight = self.in_flight()
        with self.project.cluster.without_controller():
            said = self.project.qanat("status").err
            assert "did not answer" in said or not in_flight, said
        self.happened["controller stopped and started"] += 1

    def crash(self) -> None:
        """Kill the controller, and start it again; it has forgotten what it was told since it last saved its state."""
        self.project.cluster.kill_controller()
        saved = (self.project.cluster.folder / "state/job_state").stat().st_mtime - SAVING_S
        self._forgotten |= {job for job, story in self._story.items() if any(at > saved for _, at in story)}
        self.project.cluster.start_controller()
        self.project.cluster.resume_nodes()
        self.happened["controller killed and started"] += 1

    def jobs(self) -> dict[str, str]:
        """Ask squeue, which lists no job that has ended."""
        lines = self.project.cluster.run("squeue", "-h", "-r", "-o", "%i|%T|%r").splitlines()
        return {job: _state(state, reason) for job, state, reason in (line.split("|", 2) for line in lines)}

    def tool(self, what: str, job: str) -> bool:
        """Run scancel or one of scontrol's commands; both report what they do not do."""
        words = ["scancel"] if what == "cancel" else ["scontrol", what]
        return not self.project.cluster.errors(*words, job)

    def kick(self) -> None:
        """Make the node report what runs: after a crash, the controller waits for ends that were reported before it."""
        self.project.cluster.run("scontrol", "reconfigure")
        self.happened["kick"] += 1

    def unstick(self) -> None:
        """Release what Slurm itself holds: after a crash of its controller it holds jobs that were being started."""
        for job, state in self.jobs().items():
            if state == HELD and job not in self._held:
                self.tool("release", job)
                self.happened["held by Slurm"] += 1
        self.project.cluster.resume_nodes()

    def told(self, job: str) -> str:
        """Return the state of a job that Slurm still remembers, and those of its attempts in accounting."""
        cluster = self.project.cluster
        attempts = cluster.run("sacct", "-X", "-D", "-n", "-P", "-o", "state,exitcode,start,end", "-j", job)
        return "; ".join([*cluster.squeue("%T %r", "-j", job), *attempts.splitlines()])

    def clear_queue(self) -> None:
        """Cancel jobs that Slurm would run again although their programs have ended, as it does after a crash."""
        if left := self.jobs():
            self.happened["kept in the queue after its end"] += len(left)
            self.project.cluster.run("scancel", *left)
        super().clear_queue()

    def honest_when_cancelled(self, group: dict[str, Any], folder: Path) -> tuple[str, ...]:
        """List the states; a job that is cancelled from outside before it starts leaves no trace in Slurm.

        One that is cancelled while Slurm is starting or requeueing it may have failed, if Slurm says so itself.
        """
        failed = ("failed",) if "FAILED" in self.told(group["job"]) else ()
        return ("cancelled", *failed) if (folder / "begins").exists() else ("cancelled", "lost", *failed)

    def is_forgotten(self, group: dict[str, Any], folder: Path) -> bool:
        """Return whether a job was told to stop just before a crash.

        Slurm then either does not do it, though qanat may have seen it cancelled, or finds a program that has been
        stopped and that it did not stop: that is a failure to it.
        """
        if group["job"] not in self._forgotten:
            return False
        was_stopped = (folder / "stopped.json").exists() and not (folder / "completion.json").exists()
        return group["state"] == "cancelled" or (group["state"] == "failed" and was_stopped)


def _state(state: str, reason: str) -> str:
    return HELD if state == "PENDING" and "held" in reason.lower() else STATES.get(state, ENDING)
