"""A real Slurm cluster of one node, set up in a private folder on free ports and stopped by process number.

Its programs are Debian's packages, which root installs if they are missing. The system's own Slurm is never
touched; a process with the configuration file in SLURM_CONF uses the cluster.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster import slurm_accounting

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
INSTALL_S = 300
START_S = 90
STOP_S = 20
# How long the node is waited for before it is started again, each time.
PATIENCE_S = (5, 10, 20)
SKIPPED_NUMBERS = 1_000
# The order in which they are stopped.
DAEMONS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged")

# More CPUs than there are, since jobs mostly sleep; every interval as short as it may be; limits so small that
# a run of a few dozen groups meets them. Jobs of `low` and `cheap` make room for those of `main`.
CONFIG = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/run/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=200
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,default_queue_depth=10000,bf_interval=1
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
MinJobAge=300
KillWait=2
CompleteWait=0
MaxArraySize=21
MaxJobCount=20000
ReturnToService=2
EnforcePartLimits=ALL
MessageTimeout=10
NodeName={host} NodeAddr=127.0.0.1 CPUs=64 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
PartitionName=low Nodes={host} MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE
PartitionName=cheap Nodes={host} MaxTime=INFINITE PriorityTier=1 PreemptMode=CANCEL
"""


class ClusterUnavailable(Exception):
    """Slurm cannot be set up here; the message says why, in one line."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    folder: Path
    accounting: bool = False
    settings: Sequence[str] = ()
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a command use this cluster."""
        return {"SLURM_CONF": str(self.config)}

    def run(self, *words: str, stdin: str = "") -> str:
        """Run one of Slurm's commands and return what it prints."""
        return self._finished(words, stdin).stdout.strip()

    def errors(self, *words: str) -> str:
        """Run one of Slurm's commands and return its errors."""
        return self._finished(words).stderr.strip()

    def _finished(self, words: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            words, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    def squeue(self, form: str, *words: str) -> list[str]:
        """List what squeue prints of every job that the controller remembers, one line for each element of an array."""
        return self.run("squeue", "-h", "-r", "-t", "all", "-o", form, *words).splitlines()

    def accounted(self, numbers: Sequence[str], mark: str) -> list[str]:
        """List the states, in accounting, of the jobs of these numbers whose line of submission has a mark.

        A number is not enough: a controller that has forgotten its jobs gives it again, and accounting keeps both.
        """
        rows = self.run("sacct", "-X", "-D", "-n", "-P", "-o", "state,submitline", "-j", ",".join(numbers)).splitlines()
        cells = [row.split("|", 1) for row in rows]
        return [state.split(" ")[0] for state, line in cells if mark in line]

    # ---- what may happen to it

    def end_time_of(self, job: str, in_s: int = 1) -> None:
        """Let the time of a running job, of whatever length, be over in some seconds; Slurm looks every half minute."""
        self.run("scontrol", "update", f"JobId={job}", f"EndTime=now+{in_s}")

    def stop_controller(self) -> None:
        """End the controller, as in an outage."""
        _end(self.daemons["slurmctld"])

    def kill_controller(self) -> None:
        """Kill the controller without warning, as in a crash."""
        self.daemons["slurmctld"].kill()
        self.daemons["slurmctld"].wait()
        self.crashes.append("slurmctld")

    def start_controller(self) -> None:
        """Start the controller again and wait until it answers."""
        self.daemons["slurmctld"] = self.start("slurmctld", ["slurmctld", "-D"])
        _wait_for(lambda: "UP" in self.run("scontrol", "ping"), "the controller does not answer")

    def restart_controller(self) -> None:
        """Stop the controller and start it again, so that it reads its settings."""
        self.stop_controller()
        self.start_controller()
        self._await_node()

    def forget(self) -> None:
        """Let the controller forget all jobs, whose programs have ended, and count them from 1 again.

        The node forgets them as well: it takes no second job of a number that it has not let go, even after a restart.
        """
        _wait_for(lambda: not self.run("squeue", "-h", "-t", "running,completing"), "a job does not end")
        self.stop_controller()
        _end(self.daemons["slurmd"])
        for file in (self.folder / "spool").glob("cred_state*"):
            file.unlink()
        self.restart_node()
        for file in (self.folder / "state").glob("job_state*"):
            file.unlink()
        self._set_first_number(1)
        self.start_controller()
        self._await_node()

    def restart_node(self) -> None:
        """Restart the node's daemon; its jobs, if any, continue."""
        if "slurmd" in self.daemons:
            _end(self.daemons["slurmd"])
        self.daemons["slurmd"] = self.start("slurmd", ["slurmd", "-D"])

    def resume_nodes(self) -> None:
        """Resume nodes that Slurm has drained because a job could not be started on them."""
        for node in self.run("sinfo", "-h", "-t", "drain,down", "-o", "%n").splitlines():
            self.run("scontrol", "update", f"nodename={node}", "state=resume")

    def get_ready(self) -> None:
        """Restore the cluster to a state in which a job can run."""
        if self.crashes:
            # The controller counts from what it had saved, and the node still has the jobs that came after that: a new
            # job with the number of one of them is killed, or held ("launch failed requeued held").
            self.crashes.clear()
            self.restart_node()
            self._skip_numbers()
        self._await_node()

    def _await_node(self) -> None:
        """Wait until a job can run; start the node again, more patiently each time, if it is not ready soon.

        A node that did not answer the controller, or told a controller that was not there yet, is not asked again for
        longer than a test takes; one that starts tells by itself.
        """
        for patience_s in PATIENCE_S:
            self.resume_nodes()
            with suppress(ClusterUnavailable):
                _wait_for(self.is_ready, "the node does not come back", patience_s)
                return
            self.restart_node()
        self.resume_nodes()
        _wait_for(self.is_ready, "the node does not come back")

    def _skip_numbers(self) -> None:
        """Assign the next job a number that no job before a crash can have had."""
        found = re.search(r"^NEXT_JOB_ID\s*=\s*([0-9]+)", self.run("scontrol", "show", "config"), re.MULTILINE)
        assert found, "the controller does not tell the number of the next job"
        first = int(found[1]) + SKIPPED_NUMBERS
        # It stays in the settings: each time the controller reads them, it counts from what it saved last, or from it.
        self._set_first_number(first)
        self.run("scontrol", "reconfigure")
        _wait_for(lambda: self._number_of_a_job() >= first, "the controller does not skip numbers")

    def _set_first_number(self, number: int) -> None:
        others = re.sub(r"^FirstJobId=.*\n", "", self.config.read_text(), flags=re.MULTILINE)
        self._configure(f"{others}FirstJobId={number}\n")

    def _configure(self, text: str) -> None:
        """Replace the configuration at once: a daemon that is starting and reads half of it ends."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.replace(self.config)

    def _number_of_a_job(self) -> int:
        job = self.run("sbatch", "--parsable", "--hold", "-o", "/dev/null", stdin="#!/bin/sh\n")
        self.run("scancel", job)
        return int(job)

    def is_ready(self) -> bool:
        """Return whether a job could run."""
        return self.run("sinfo", "-h", "-p", "main", "-o", "%T") in ("idle", "mixed", "allocated")

    @contextmanager
    def without_controller(self) -> Iterator[None]:
        """Stop the controller inside the `with` block."""
        self.stop_controller()
        try:
            yield
        finally:
            self.start_controller()

    @contextmanager
    def without_accounting(self) -> Iterator[None]:
        """Stop slurmdbd inside the `with` block."""
        _end(self.daemons["slurmdbd"])
        try:
            yield
        finally:
            self._start_slurmdbd()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Freeze a daemon inside the `with` block."""
        self.daemons[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemons[name].send_signal(signal.SIGCONT)

    @contextmanager
    def with_settings(self, *lines: str) -> Iterator[None]:
        """Run the controller with other settings inside the `with` block."""
        before = self.config.read_text()
        self._configure(before + "".join(f"{line}\n" for line in lines))
        try:
            self.run("scontrol", "reconfigure")
            yield
        finally:
            self._configure(before)
            self.run("scontrol", "reconfigure")

    @contextmanager
    def limited_to(self, jobs: int) -> Iterator[None]:
        """Limit users to this many submitted jobs inside the `with` block."""
        user = getpass.getuser()
        if not self.run("sacctmgr", "-n", "list", "associations", f"user={user}"):  # root has one
            self.run("sacctmgr", "-i", "add", "account", "tests")
            self.run("sacctmgr", "-i", "add", "user", user, "account=tests")
        limit = ("sacctmgr", "-i", "modify", "qos", "normal", "set")
        self.run(*limit, f"MaxSubmitJobsPerUser={jobs}")
        try:
            with self.with_settings("AccountingStorageEnforce=limits"):
                self.restart_controller()
                yield
        finally:
            self.run(*limit, "MaxSubmitJobsPerUser=-1")
            self.restart_controller()

    # ---- starting and stopping

    def launch(self) -> None:
        """Start every daemon. Raises ClusterUnavailable if one does not start."""
        for part in ("munge", "state", "spool", "log", "run"):
            (self.folder / part).mkdir(mode=0o700 if part == "munge" else 0o755)
        self._write_config()
        self._start_munge()
        if self.accounting:
            self.start_accounting()
        self.start_controller()
        self.restart_node()
        _wait_for(self.is_ready, "the node does not come up")

    def stop(self) -> None:
        """Stop every running daemon; only the node's has something that outlives its folder, which are jobs."""
        for name in DAEMONS:
            if name in self.daemons:
                _end(self.daemons[name], signal.SIGTERM if name == "slurmd" else signal.SIGKILL)

    def _write_config(self) -> None:
        user, ports = getpass.getuser(), {"controller_port": _free_port(), "node_port": _free_port()}
        host = socket.gethostname().partition(".")[0]
        text = CONFIG.format(folder=self.folder, host=host, user=user, **ports)
        if self.accounting:
            port = _free_port()
            slurm_accounting.write_config(self.folder, port, user)
            text += slurm_accounting.CLUSTER_CONFIG.format(folder=self.folder, port=port)
        self._configure(text + "".join(f"{line}\n" for line in self.settings))

    def _start_munge(self) -> None:
        key, munge_socket = self.folder / "munge/key", self.folder / "run/munge.socket"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        munged = ["munged", "--force", "-F", f"--key-file={key}", f"--socket={munge_socket}"]
        munged += [f"--pid-file={self.folder}/run/munged.pid", f"--log-file={self.folder}/log/munged.log"]
        self.daemons["munged"] = self.start("munged", [*munged, f"--seed-file={self.folder}/munge/seed"])
        _wait_for(munge_socket.exists, "munged does not start")

    def start_accounting(self) -> None:
        """Start the database and slurmdbd."""
        database = slurm_accounting.database_command(self.folder, getpass.getuser())
        self.daemons["mariadbd"] = self.start("mariadbd", database)
        _wait_for(slurm_accounting.socket_of(self.folder).exists, "MariaDB does not start")
        self._start_slurmdbd()

    def _start_slurmdbd(self) -> None:
        self.daemons["slurmdbd"] = self.start("slurmdbd", ["slurmdbd", "-D"])
        _wait_for(lambda: self.run("sacctmgr", "-n", "list", "qos"), "slurmdbd does not answer")

    def start(self, name: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a daemon that ends with the process that started it, however that ends."""
        surroundings = {**self.environment, "MYSQL_UNIX_PORT": str(slurm_accounting.socket_of(self.folder))}
        with (self.folder / "log" / f"{name}.out").open("ab") as out:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *words],
                env={**os.environ, **surroundings},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )


@contextmanager
def running_cluster(*, accounting: bool = False, settings: Sequence[str] = ()) -> Iterator[Cluster]:
    """Start a cluster, with additional lines of settings, and stop it at the end. Raises ClusterUnavailable."""
    install((*PACKAGES, *slurm_accounting.PACKAGES) if accounting else PACKAGES)
    sweep()
    # Short, because paths of sockets are limited.
    with tempfile.TemporaryDirectory(prefix="qanat-slurm-", dir="/tmp", ignore_cleanup_errors=True) as name:
        cluster = Cluster(Path(name), accounting, settings)
        cluster.folder.chmod(0o755)
        (cluster.folder / "owner").write_text(f"{os.getpid()}\n")
        try:
            cluster.launch()
            yield cluster
        finally:
            cluster.stop()


def sweep() -> None:
    """Remove the remains of clusters whose owner was killed; their daemons ended with it."""
    for owner in Path("/tmp").glob("qanat-slurm-*/owner"):
        with suppress(OSError):
            gone = not Path(f"/proc/{owner.read_text().strip()}").exists()
            if gone and owner.stat().st_uid == os.getuid():
                shutil.rmtree(owner.parent, ignore_errors=True)


def install(packages: Sequence[str]) -> None:
    """Install what is missing, one process at a time. Raises ClusterUnavailable with a one-line reason."""
    if not os.environ["PATH"].endswith(":/usr/sbin:/sbin"):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
    wanted = PROGRAMS if packages == PACKAGES else (*PROGRAMS, *slurm_accounting.PROGRAMS)
    if all(map(shutil.which, wanted)):
        return
    if shutil.which("apt-get") is None:
        raise ClusterUnavailable("Slurm's packages cannot be had: this machine has no apt-get")
    if os.geteuid() != 0:
        raise ClusterUnavailable(f"Slurm is not installed, and only root can: apt-get install {' '.join(packages)}")
    with (Path(tempfile.gettempdir()) / "qanat-slurm-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", "-q", *words], env=environment, capture_output=True, timeout=INSTALL_S, check=False
            )
            if done.returncode != 0:
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                raise ClusterUnavailable(f"Slurm cannot be installed: {said[-1] if said else 'apt-get failed'}")


def _end(daemon: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    with suppress(ProcessLookupError):
        daemon.send_signal(number)
    try:
        daemon.wait(STOP_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait_for(condition: Callable[[], object], otherwise: str, timeout_s: float = START_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterUnavailable(f"Slurm does not start: {otherwise}")
        time.sleep(0.05)


if __name__ == "__main__":
    # To try things by hand: prints the line that a shell needs, and keeps the cluster up until Ctrl-C.
    with running_cluster(accounting="accounting" in sys.argv) as mine:
        print(f"export SLURM_CONF={mine.config}", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
