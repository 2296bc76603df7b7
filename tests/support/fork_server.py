"""The program that runs `python -m …` in forks of itself, with qanat and its libraries loaded; forks.py starts it.

It is single-threaded, since otherwise a fork would lack the other threads. A request comes with four file descriptors:
the new process's stdin, stdout and stderr, and a socket. From the socket the new process reads its order; on it the
server answers with the process's number and, once the process has ended, its exit code and what it has cost.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time
import warnings

# What most commands load, and those at a terminal. matplotlib and htcondor2 are left to the commands that need them.
LIBRARIES = ("jsonschema", "pygit2", "questionary", "rich.live", "sqlite3", "yaml")
PACKAGES = ("qanat", "qanat_hooks")
NOT_LOADED = ("qanat.testing", "qanat.__main__")
NUMBER = struct.Struct("!i")
# Time of the processor in microseconds, and the memory in KiB that it had at most beyond the server's.
COST = struct.Struct("!qq")


def main() -> None:
    """Load everything and serve requests; in each new process, run its module as `python -m` does."""
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder of this file
    # Ctrl-C is meant for the commands and for pytest, which ends this program by closing the socket.
    on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    _load()
    control = socket.socket(fileno=int(sys.argv[1]))
    if sent := _serve(control):
        control.detach()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, on_interrupt)
        _run(_become(sent))


def _load() -> None:
    """Import what commands need, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for library in LIBRARIES:
            importlib.import_module(library)
        for package in PACKAGES:
            folders = importlib.import_module(package).__path__
            for found in pkgutil.walk_packages(folders, f"{package}."):
                if not found.name.startswith(NOT_LOADED):
                    importlib.import_module(found.name)
    gc.freeze()


def _serve(control: socket.socket) -> list[int] | None:
    """Fork for each request until pytest has closed its end; in the new process, return the file descriptors sent."""
    sockets: dict[int, int] = {}
    ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([control, ended], [], [])
        if ended in readable:
            os.read(ended, 4096)
            _report(sockets)
        if control in readable:
            request, sent, _, _ = socket.recv_fds(control, 1, 4)
            if not request:
                return None
            if (pid := os.fork()) == 0:
                return sent
            *streams, sockets[pid] = sent
            for stream in streams:
                os.close(stream)
            _answer(sockets[pid], NUMBER.pack(pid))


def _report(sockets: dict[int, int]) -> None:
    """Report the exit codes and the costs of the processes that have ended."""
    while sockets:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        cost = COST.pack(int((used.ru_utime + used.ru_stime) * 1e6), used.ru_maxrss - _resident_kib())
        _answer(sockets[pid], NUMBER.pack(os.waitstatus_to_exitcode(status)) + cost)
        os.close(sockets.pop(pid))


def _resident_kib() -> int:
    """Return the memory of this process."""
    with open("/proc/self/statm") as file:  # noqa: PTH123  # no path
        return int(file.read().split()[1]) * resource.getpagesize() // 1024


def _answer(to: int, answer: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # the test no longer waits
        os.write(to, answer)


def _become(sent: list[int]) -> str:
    """Set up this process as its order says, and return the module to run."""
    *streams, ordered = sent
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    with open(ordered, "rb") as reader:  # noqa: PTH123  # no path
        order = json.load(reader)
    os.closerange(3, 1024)
    if order["new_session"]:
        os.setsid()
    if order["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        _open_streams_of_a_terminal()
    for limit, value in order["limits"]:
        resource.setrlimit(limit, (value, value))
    os.umask(order["umask"])
    os.chdir(order["cwd"])
    locale = {
        name: value for name, value in os.environ.items() if name == "LC_CTYPE"
    }  # Python may have set it (PEP 538)
    os.environ.clear()
    os.environ.update(order["env"] | locale)
    time.tzset()
    sys.argv[:] = ["-m", *order["arguments"]]
    if not order["safe_path"] and not sys.flags.safe_path:
        sys.path.insert(0, str(order["cwd"]))
    return str(order["module"])


def _open_streams_of_a_terminal() -> None:
    """Replace Python's standard streams, which are those of pipes."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        pipe = getattr(sys, name)
        # With PYTHONUNBUFFERED, what is written has no buffer.
        unbuffered = pipe.write_through
        buffering = 0 if unbuffered and pipe.writable() else -1
        data = open(number, f"{pipe.mode}b", buffering, closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(data, pipe.encoding, pipe.errors, None, not unbuffered, unbuffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(module: str) -> None:
    """Run a module as `python -m` does, but without Python's slow teardown of modules at exit."""
    sys.modules.pop(module, None)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int) or threading.active_count() > 1:
            raise
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)


if __name__ == "__main__":
    main()
