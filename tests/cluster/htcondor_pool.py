"""A real HTCondor pool on one machine, for one user: set up in seconds, without changing the system.

The programs are unpacked once into a cache folder (htcondor_packages.sh). A pool is a folder and a tree of
daemons on free ports of 127.0.0.1; a process with its configuration file in CONDOR_CONFIG uses it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).with_name("htcondor_packages.sh")
NOBODY = "nobody"
UNPACK_S = 600
START_S = 120
STOP_S = 30

# Everything is this folder's own; nobody but this machine can connect; the daemons look at their work every
# second, and give up a lost machine after 15 s, where a pool in earnest takes minutes. The slots are more
# than there are CPUs: jobs sleep.
CONFIG = """\
RELEASE_DIR = {programs}
BIN = {programs}/bin
SBIN = {programs}/sbin
LIB = {programs}/lib/condor
LIBEXEC = {programs}/libexec/condor
LOCAL_DIR = {folder}
LOCAL_CONFIG_FILE =
LOCAL_CONFIG_DIR =
LOG = {folder}/log
SPOOL = {folder}/spool
EXECUTE = {folder}/execute
LOCK = {folder}/lock
RUN = {folder}/run
HISTORY = {folder}/spool/history
SEC_TOKEN_DIRECTORY = {folder}/tokens
SEC_TOKEN_SYSTEM_DIRECTORY = {folder}/tokens
SEC_PASSWORD_DIRECTORY = {folder}/tokens

DAEMON_LIST = MASTER, COLLECTOR, NEGOTIATOR, SCHEDD, STARTD
USE_SHARED_PORT = False
CONDOR_HOST = 127.0.0.1
COLLECTOR_HOST = 127.0.0.1:0
COLLECTOR_ADDRESS_FILE = {folder}/log/.collector_address
SCHEDD_ADDRESS_FILE = {folder}/log/.schedd_address
MASTER_ADDRESS_FILE = {folder}/log/.master_address
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
ENABLE_IPV6 = False
FULL_HOSTNAME = localhost
DEFAULT_DOMAIN_NAME = localdomain
UID_DOMAIN = localdomain
FILESYSTEM_DOMAIN = localdomain

SEC_DEFAULT_AUTHENTICATION = REQUIRED
SEC_DEFAULT_AUTHENTICATION_METHODS = FS
# Bindings of version 25 and daemons of version 23 do not agree on it.
SEC_FS_ENFORCE_CHANNEL_BINDING = False
ALLOW_READ = *
ALLOW_WRITE = *
ALLOW_DAEMON = *
ALLOW_NEGOTIATOR = *
ALLOW_ADMINISTRATOR = *

NUM_CPUS = 32
MEMORY = 32768
RESERVED_DISK = 0
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
JOB_DEFAULT_REQUESTMEMORY = 16
JOB_DEFAULT_REQUESTDISK = 1
START = True
SUSPEND = False
PREEMPT = False
KILL = False
WANT_SUSPEND = False
RunBenchmarks = False
BENCHMARKS_JOBLIST =
STARTD_CRON_JOBLIST =
BASE_CGROUP =
CGROUP_MEMORY_LIMIT_POLICY = none
SINGULARITY =
DOCKER =
PREEN =

CONDOR_FSYNC = False
ENABLE_USERLOG_LOCKING = False
UPDATE_INTERVAL = 1
POLLING_INTERVAL = 1
NEGOTIATOR_INTERVAL = 1
NEGOTIATOR_MIN_INTERVAL = 0
NEGOTIATOR_CYCLE_DELAY = 0
SCHEDD_INTERVAL = 1
SCHEDD_MIN_INTERVAL = 0
SCHEDD_INTERVAL_TIMESLICE = 1
PERIODIC_EXPR_INTERVAL = 1
PERIODIC_EXPR_TIMESLICE = 1
SHADOW_QUEUE_UPDATE_INTERVAL = 1
JOB_START_COUNT = 50
JOB_START_DELAY = 0
JOB_STOP_COUNT = 50
JOB_STOP_DELAY = 0
JOB_DEFAULT_LEASE_DURATION = 15
SHUTDOWN_GRACEFUL_TIMEOUT = 10
SHUTDOWN_FAST_TIMEOUT = 5
MASTER_BACKOFF_CEILING = 2
"""


class PoolUnavailable(Exception):
    """A pool cannot be set up here; the message says why, in one line."""


class Pool:
    """A running pool, until stop()."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self._master: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "condor_config"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make HTCondor's tools and bindings use this pool."""
        return {"CONDOR_CONFIG": str(self.config)}

    def start(self) -> None:
        """Start the daemons and wait until a job could run. Raises PoolUnavailable if they do not start."""
        for name in ("log", "spool", "execute", "lock", "run", "tokens"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for stale in (self.folder / "log").glob(".*_address*"):
            stale.unlink()
        self._master = self._started()
        (self.folder / "owner").write_text(f"{os.getpid()} {self._master.pid}\n")
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if self._master.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = (self.folder / "master.out").read_text(errors="replace").strip().splitlines()
                raise PoolUnavailable(f"HTCondor does not start: {said[-1] if said else 'it does not say why'}")
            time.sleep(0.05)

    def _started(self) -> subprocess.Popen[bytes]:
        """Start the master as a user that jobs can run as."""
        prefix, ids = as_nobody()
        self.config.write_text(CONFIG.format(programs=self.programs, folder=self.folder) + ids)
        return self._master_of([*prefix, *self._master_command])

    @property
    def _master_command(self) -> list[str]:
        # The daemons go when the process goes that has started them, however that one ends.
        return ["setpriv", "--pdeathsig", "TERM", str(self.programs / "sbin/condor_master"), "-f"]

    def _master_of(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        with (self.folder / "master.out").open("ab") as out:
            return subprocess.Popen(
                command,
                env=os.environ | {"CONDOR_CONFIG": str(self.config)},
                stdout=out,
                stderr=out,
                start_new_session=True,
                **{"stdin": subprocess.DEVNULL, **options},
            )

    def _is_ready(self) -> bool:
        if not (self.folder / "log/.schedd_address").exists():
            return False
        seen = self.tool("condor_status", "-af", "Name", check=False).stdout.strip()
        return bool(seen) and self.tool("condor_q", check=False).returncode == 0

    def stop(self) -> None:
        """Stop the daemons, by their master's process id, and keep the folder."""
        if self._master is None:
            return
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
            if self._master.poll() is None:
                self._master.send_signal(number)
            try:
                self._master.wait(STOP_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._master = None

    def tool(self, name: str, *words: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run one of HTCondor's own tools to its end."""
        return subprocess.run(
            [self.programs / "bin" / name, *words],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
            **options,
        )

    def jobs(self, *attributes: str, constraint: str = "true", history: bool = False) -> list[dict[str, Any]]:
        """Return attributes of the jobs in the queue, or of those that have left it, as the tools report them."""
        import json

        name = "condor_history" if history else "condor_q"
        words = ["-json", "-attributes", ",".join(("ClusterId", "ProcId", *attributes)), "-constraint", constraint]
        text = self.tool(name, *words, *(() if history else ("-allusers",))).stdout
        return json.loads(text) if text.strip() else []

    def daemon(self, name: str) -> int:
        """Return the process id of a daemon, such as SCHEDD."""
        if name == "MASTER":
            return self._pid
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        (found,) = [int(pid) for pid in children if _name_of(pid) == f"condor_{name.lower()}"[:15]]
        return found

    @property
    def _pid(self) -> int:
        assert self._master is not None
        return self._master.pid

    @contextmanager
    def with_settings(self, *lines: str) -> Iterator[None]:
        """Run the schedd with other settings inside the `with` block."""
        before = self.config.read_text()
        self._configure(before + "".join(f"{line}\n" for line in lines))
        reconfigure = [self.programs / "sbin/condor_reconfig", "-daemon", "schedd"]
        try:
            subprocess.run(reconfigure, env=os.environ | self.environment, capture_output=True, check=True)
            yield
        finally:
            self._configure(before)
            subprocess.run(reconfigure, env=os.environ | self.environment, capture_output=True, check=True)

    def _configure(self, text: str) -> None:
        """Replace the configuration at once, since a command or a daemon may be reading it."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.replace(self.config)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Freeze a daemon inside the `with` block."""
        pid = self.daemon(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def kill_starters(self) -> None:
        """Kill the processes that watch the jobs on their machine, as if its connection broke."""
        children = Path(f"/proc/{self.daemon('STARTD')}/task").glob("*/children")
        for pid in [pid for listed in children for pid in listed.read_text().split()]:
            if _name_of(pid) == "condor_starter":
                os.kill(int(pid), signal.SIGKILL)

    def forget_history(self) -> None:
        """Make the schedd forget the jobs that have left its queue."""
        (self.folder / "spool/history").unlink()

    def restart_daemon(self, name: str) -> None:
        """Kill a daemon without warning, as in a crash, and wait until its master has restarted it."""
        old = self.daemon(name)
        os.kill(old, signal.SIGKILL)
        self.await_another(name, old)

    def await_another(self, name: str, old: int) -> None:
        """Wait until the master has restarted a daemon and the pool is as before."""
        deadline = time.monotonic() + START_S
        while True:
            with suppress(ValueError):
                if self.daemon(name) != old and self._is_ready():
                    return
            assert time.monotonic() < deadline, f"{name} does not come back"
            time.sleep(0.05)


@contextmanager
def running_pool(kind: type[Pool] = Pool) -> Iterator[Pool]:
    """Yield a private pool, and stop it at the end. Raises PoolUnavailable with a one-line reason."""
    programs = obtain()
    sweep()
    # Short, because paths of sockets are limited, and readable by whoever jobs run as.
    pool = kind(Path(tempfile.mkdtemp(prefix="qanat-pool-", dir="/tmp")), programs)
    pool.folder.chmod(0o755)
    try:
        pool.start()
        yield pool
    finally:
        pool.stop()
        shutil.rmtree(pool.folder, ignore_errors=True)


def obtain() -> Path:
    """Return the folder with HTCondor's bin and sbin, unpacked only once. Raises PoolUnavailable."""
    key = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:10]
    folder = cache_folder() / f"htcondor-{key}"
    programs, ready = folder / "root/usr", folder / "version.txt"
    if not ready.exists():
        with _locked(folder.with_suffix(".lock")):
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)
                _unpack(folder)
    return programs


def cache_folder() -> Path:
    """Return the folder for downloads; it is in the user's real home, since HOME is the tests' own."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    for base in (os.environ.get("XDG_CACHE_HOME"), home / ".cache"):
        try:
            folder = Path(base or "") / "qanat-tests"
            if folder.is_absolute():
                folder.mkdir(parents=True, exist_ok=True)
                return folder
        except OSError:
            continue
    folder = Path(tempfile.gettempdir()) / f"qanat-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _unpack(folder: Path) -> None:
    try:
        done = subprocess.run(
            ["sh", PACKAGES, folder],
            env=os.environ | {"PYTHON": sys.executable},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=UNPACK_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PoolUnavailable(f"HTCondor's packages did not come within {UNPACK_S} s") from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise PoolUnavailable(f"HTCondor's packages cannot be had: {said[-1] if said else 'no reason was given'}")


def as_nobody() -> tuple[list[str], str]:
    """Return the prefix that makes a command look like another user, and the settings that root's tools then need.

    HTCondor runs no job of root's. In a user namespace root looks like nobody, and stays root outside of it,
    so that jobs see every file.
    """
    if os.getuid() != 0:
        return [], ""
    nobody = pwd.getpwnam(NOBODY)
    words = ["unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        raise PoolUnavailable("HTCondor runs no job of root's, and this machine has no user namespaces")
    return words, f"CONDOR_IDS = {nobody.pw_uid}.{nobody.pw_gid}\n"


def sweep() -> None:
    """Remove the remains of pools whose owner was killed, and end those whose master has outlived it.

    One that changes its user is not told of the death of its parent.
    """
    for owner in Path("/tmp").glob("qanat-pool-*/owner"):
        try:
            tests, master = map(int, owner.read_text().split())
        except (OSError, ValueError):
            continue
        if owner.stat().st_uid != os.getuid() or _exists(tests):
            continue
        if not _exists(master):
            shutil.rmtree(owner.parent, ignore_errors=True)
        elif _configuration_of(master) == str(owner.with_name("condor_config")):
            os.kill(master, signal.SIGQUIT)


def _name_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except OSError:  # it has just ended
        return ""


def _configuration_of(pid: int) -> str:
    """Return the configuration file that a daemon was started with; empty if it is none of HTCondor's."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    found = [each.partition(b"=")[2] for each in variables if each.startswith(b"CONDOR_CONFIG=")]
    return os.fsdecode(found[0]) if found else ""


def _exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


if __name__ == "__main__":
    # To try things by hand: prints the line that a shell needs, and keeps the pool up until Ctrl-C.
    with running_pool() as mine:
        print(f"export CONDOR_CONFIG={mine.config} PATH={mine.programs}/bin:$PATH", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
