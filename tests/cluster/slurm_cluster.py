"""A real Slurm cluster of one node, set up in a private folder on free ports and stopped by process number.

Its programs are Debian's packages, which root installs where they are missing. Nothing of the system's own
Slurm is touched; whoever has the configuration file in SLURM_CONF is in the cluster.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
INSTALL_S = 300
START_S = 30
STOP_S = 20

# More CPUs than there are, since jobs mostly sleep; every interval as short as it may be; limits so small that
# a run of a few dozen groups meets them.
CONFIG = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/run/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=10
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,default_queue_depth=10000,bf_interval=1
PriorityType=priority/basic
AccountingStorageType=accounting_storage/none
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
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class ClusterUnavailable(Exception):
    """No Slurm can be had here; the message is one line that says why."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]]

    @property
    def environment(self) -> dict[str, str]:
        """What puts a command into this cluster."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def run(self, *words: str) -> str:
        """Run one of Slurm's commands and give what it prints."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip()

    def stop_controller(self) -> None:
        """End the controller, as an outage does."""
        _end(self.daemons["slurmctld"])

    def start_controller(self) -> None:
        """Start the controller again and wait until it answers."""
        self.daemons["slurmctld"] = _start(self.folder, "slurmctld", ["slurmctld", "-D"])
        _wait_for(lambda: "UP" in self.run("scontrol", "ping"), "the controller does not answer")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster, and stop it at the end. Raises ClusterUnavailable."""
    _install()
    with tempfile.TemporaryDirectory(prefix="qanat-slurm-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder, {})
        try:
            _launch(cluster)
            yield cluster
        finally:
            for daemon in ("slurmd", "slurmctld", "munged"):
                if daemon in cluster.daemons:
                    _end(cluster.daemons[daemon])


def _install() -> None:
    """Install what is missing, one process at a time."""
    os.environ["PATH"] = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if all(map(shutil.which, PROGRAMS)):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ClusterUnavailable(f"Slurm is not installed, and only root can: apt-get install {' '.join(PACKAGES)}")
    with (Path(tempfile.gettempdir()) / "qanat-slurm-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-q", *words], env=environment, capture_output=True, timeout=INSTALL_S, check=False
            )
            if done.returncode != 0:
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                raise ClusterUnavailable(f"Slurm cannot be installed: {said[-1] if said else 'apt-get failed'}")


def _launch(cluster: Cluster) -> None:
    folder, host = cluster.folder, socket.gethostname().partition(".")[0]
    for part in ("munge", "state", "spool", "log", "run"):
        (folder / part).mkdir(mode=0o700 if part == "munge" else 0o755)
    (folder / "munge/key").write_bytes(os.urandom(1024))
    (folder / "munge/key").chmod(0o600)
    ports = {"controller_port": _free_port(), "node_port": _free_port()}
    (folder / "slurm.conf").write_text(CONFIG.format(folder=folder, host=host, **ports))
    key, munge_socket = folder / "munge/key", folder / "run/munge.socket"
    munged = ["munged", "--force", "-F", f"--key-file={key}", f"--socket={munge_socket}"]
    munged += [f"--pid-file={folder}/run/munged.pid", f"--log-file={folder}/log/munged.log"]
    cluster.daemons["munged"] = _start(folder, "munged", [*munged, f"--seed-file={folder}/munge/seed"])
    _wait_for(munge_socket.exists, "munged does not start")
    cluster.start_controller()
    cluster.daemons["slurmd"] = _start(folder, "slurmd", ["slurmd", "-D"])
    _wait_for(lambda: cluster.run("sinfo", "-h", "-o", "%T") == "idle", "the node does not come up")


def _start(folder: Path, name: str, words: list[str]) -> subprocess.Popen[bytes]:
    with (folder / "log" / f"{name}.out").open("ab") as out:
        return subprocess.Popen(
            words,
            env={**os.environ, "SLURM_CONF": str(folder / "slurm.conf")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _end(daemon: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        daemon.send_signal(signal.SIGTERM)
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


def _wait_for(condition: object, otherwise: str) -> None:
    deadline = time.monotonic() + START_S
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise ClusterUnavailable(f"Slurm does not start: {otherwise}")
        time.sleep(0.05)
