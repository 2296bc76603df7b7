"""A real Grid Engine on one machine (a "cell"), for one user: set up in seconds, without changing the system.

Debian's packages are unpacked once into a cache folder. A cell is a folder and two daemons on free ports; a process
with its `environment` uses it.
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
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.cluster.htcondor_pool import cache_folder

# With the libraries that they load and a small machine may not have.
PACKAGES = ("gridengine-master", "gridengine-exec", "gridengine-client", "gridengine-common")
LIBRARIES = ("libjemalloc2", "libmunge2", "libtirpc3", "libssl3")
FETCH_S = 300
START_S = 30
STOP_S = 20
BOOTSTRAP = """\
admin_user {admin}
default_domain none
ignore_fqdn true
spooling_method classic
spooling_lib libspoolc
spooling_params {common};{folder}/qmaster
binary_path {folder}/bin
qmaster_spool_dir {folder}/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
"""
# What differs from the packages' own settings: root may run jobs, and nothing waits longer than a second.
GLOBAL = {
    "execd_spool_dir": "{folder}/execd",
    "mailer": "/bin/true",
    "min_uid": "0",
    "min_gid": "0",
    "load_report_time": "00:00:01",
    "reporting_params": "accounting=true reporting=false flush_time=00:00:01 joblog=false sharelog=00:00:00",
}
SCHEDULER = {
    "schedule_interval": "0:0:1",
    "flush_submit_sec": "1",
    "flush_finish_sec": "1",
    "job_load_adjustments": "NONE",
    "load_adjustment_decay_time": "0:0:0",
}
# More slots than there are CPUs, since jobs mostly sleep.
QUEUE = {"qname": "main.q", "hostlist": "{host}", "slots": "32", "load_thresholds": "NONE", "pe_list": "NONE"}


class CellUnavailable(Exception):
    """Grid Engine cannot be set up here; the message says why, in one line."""


class Cell:
    """A running cell, until stop()."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.host = socket.gethostname()
        self._programs = programs / "lib/gridengine"
        self._share = programs / "share/gridengine"
        self._daemons: list[subprocess.Popen[bytes]] = []
        libraries = [self._programs, *programs.glob("lib/*-linux-gnu*")]
        self.environment = {
            "SGE_ROOT": str(folder),
            "SGE_CELL": "default",
            "SGE_QMASTER_PORT": str(_free_port()),
            "SGE_EXECD_PORT": str(_free_port()),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "PATH": f"{self._programs}:{os.environ['PATH']}",
        }

    def tool(self, *words: str, check: bool = True) -> str:
        """Run one of Grid Engine's programs and return what it prints."""
        done = subprocess.run(
            words, env=os.environ | self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if check and done.returncode != 0:
            said = " ".join((done.stderr + done.stdout).split())
            raise CellUnavailable(f"Grid Engine does not start: {words[0]}: {said or done.returncode}")
        return done.stdout

    def start(self) -> None:
        """Create the files of a cell, and start the daemons. Raises CellUnavailable."""
        self._write_files()
        self._daemon("sge_qmaster")
        _wait_for(lambda: self.host in self.tool("qconf", "-sss", check=False), "the master does not answer")
        self.tool("qconf", "-as", self.host)
        self._daemon("sge_execd")
        _wait_for(lambda: re.search(rf"^{self.host} +lx", self.tool("qhost"), re.MULTILINE), "the machine is not up")
        self._set("scheduler", "-ssconf", "-Msconf", SCHEDULER)
        self._set("queue", "-sq", "-Aq", {key: value.format(host=self.host) for key, value in QUEUE.items()})
        _wait_for(lambda: "main.q@" in self.tool("qstat", "-f"), "the queue is not there")

    def stop(self) -> None:
        """End all jobs and both daemons."""
        if len(self._daemons) == 2:
            self.tool("qdel", "-u", getpass.getuser(), check=False)
            with suppress(CellUnavailable):
                _wait_for(lambda: not self.tool("qstat", check=False).strip(), "jobs do not end")
            self._daemons[1].terminate()
            with suppress(subprocess.TimeoutExpired):
                self._daemons[1].wait(STOP_S)
        # The master takes eight seconds to save what nobody will read.
        for daemon in self._daemons:
            daemon.kill()
            daemon.wait()

    def _write_files(self) -> None:
        common = self.folder / "default/common"
        for path in (common, self.folder / "qmaster/job_scripts", self.folder / "execd", self.folder / "bin"):
            path.mkdir(parents=True)
        (self.folder / "util").symlink_to(self._share / "util")
        (self.folder / "bin" / self.tool(str(self._share / "util/arch")).strip()).symlink_to(self._programs)
        # Root's daemons are root's; those of anybody else have to be told whose they are.
        admin = "none" if os.getuid() == 0 else getpass.getuser()
        (common / "bootstrap").write_text(BOOTSTRAP.format(common=common, folder=self.folder, admin=admin))
        (common / "act_qmaster").write_text(f"{self.host}\n")
        # Where the machine's name is one of 127.0.0.1's, Grid Engine takes it for localhost, which no host may be.
        (common / "host_aliases").write_text(f"{self.host} localhost\n")
        settings = _with((self._share / "default-configuration").read_text(), GLOBAL)
        (self.folder / "global").write_text(settings.format(folder=self.folder))
        self.tool("spoolinit", "classic", "libspoolc", f"{common};{self.folder}/qmaster", "init")
        fill = str(self._programs / "spooldefaults.bin")
        self.tool(fill, "configuration", str(self.folder / "global"))
        self.tool(fill, "complexes", str(self._share / "util/resources/centry"))
        self.tool(fill, "usersets", str(self._share / "util/resources/usersets"))
        self.tool(fill, "managers", getpass.getuser())

    def _set(self, name: str, show: str, put: str, values: dict[str, str]) -> None:
        file = self.folder / name
        file.write_text(_with(self.tool("qconf", show), values))
        self.tool("qconf", put, str(file))

    def _daemon(self, name: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons.append(
                subprocess.Popen(
                    [str(self._programs / name)],
                    env=os.environ | self.environment | {"SGE_ND": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )


def _with(text: str, values: dict[str, str]) -> str:
    """Return settings, one per line, with some of them replaced."""
    for key, value in values.items():
        text = re.sub(rf"^{key} .*", lambda _, line=f"{key} {value}": line, text, flags=re.MULTILINE)
    return text


@contextmanager
def running_cell() -> Iterator[Cell]:
    """Yield a private cell, and stop it at the end. Raises CellUnavailable."""
    programs = obtain()
    with tempfile.TemporaryDirectory(prefix="qanat-gridengine-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        cell = Cell(Path(name), programs)
        try:
            cell.start()
            yield cell
        finally:
            cell.stop()


def obtain() -> Path:
    """Return the folder with Grid Engine's programs, unpacked only once. Raises CellUnavailable."""
    folder = cache_folder() / "gridengine-1"
    if not (folder / "ready").exists():
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                _unpack(folder)
    return folder / "usr"


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise CellUnavailable("Grid Engine's packages are Debian's, and this machine has no apt-get")
    folder.mkdir(parents=True)
    # The lists of packages are this folder's own, since only root may bring the machine's up to date.
    lists = folder / "apt"
    for path in (lists / "partial", lists / "cache/archives/partial"):
        path.mkdir(parents=True)
    apt = ["apt-get", "-qq", "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={lists}/cache"]
    apt += ["-o", "APT::Sandbox::User=root"]
    for words in (["update"], ["download", *PACKAGES, *LIBRARIES]):
        _fetch([*apt, *words], folder)
    for package in folder.glob("*.deb"):
        _fetch(["dpkg", "-x", str(package), str(folder)], folder)
        package.unlink()
    shutil.rmtree(lists)
    # The packages' programs look for one library in /usr/lib/gridengine; it is to be found as all others are.
    fixed = b"/usr/lib/gridengine/%s%s\0"
    for name in ("spoolinit", "spooldefaults.bin", "sge_qmaster"):
        program = folder / "usr/lib/gridengine" / name
        program.write_bytes(program.read_bytes().replace(fixed, b"%s%s".ljust(len(fixed), b"\0")))
    (folder / "ready").touch()


def _fetch(words: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired:
        raise CellUnavailable(f"Grid Engine's packages did not come within {FETCH_S} s") from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise CellUnavailable(f"Grid Engine's packages cannot be had: {said[-1] if said else words[0]}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait_for(condition: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > deadline:
            raise CellUnavailable(f"Grid Engine does not start: {otherwise}")
        time.sleep(0.05)


if __name__ == "__main__":
    # To try things by hand: prints the line that a shell needs, and keeps the cell up until Ctrl-C.
    with running_cell() as mine:
        print("export", *(f"{key}={value}" for key, value in mine.environment.items()), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
