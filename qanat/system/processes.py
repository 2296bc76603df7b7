"""Processes of this machine: recognising one although its number is used again, and ending whole families.

A process is identified by its number and its start, since numbers are reused; a family by a variable in
its environment, which child processes inherit and no other process has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")

# How often, a millisecond apart, an environment must be empty in one program to be empty for good.
EMPTY_TIMES = 10
# How long a process may take from one program to the next, members of a family to end once they are killed, and all
# of a family that starts new members as fast as they are killed.
EXEC_S = 1.0
KILLED_S = 1.0
FAMILY_S = 60.0


def start_of(pid: int) -> str | None:
    """Return a text that tells this process from any later one with its number; None if there is no such process."""
    try:
        ticks = _start_in_ticks(pid)
    except FileNotFoundError:
        return None if (_PROC / "self").exists() else _start_from_ps(pid)
    except (ProcessLookupError, PermissionError):
        return None
    return None if ticks is None else f"{boot()}:{ticks}"


def started_at(pid: int) -> float | None:
    """Return when a process started, in seconds since 1970; None if there is no such process, or no /proc."""
    try:
        ticks = _start_in_ticks(pid)
    except OSError:
        return None
    if ticks is None:
        return None
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - max(0.0, age_s)


def _start_in_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None for a zombie. Raises OSError."""
    fields = _fields(pid)
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def boot() -> str:
    """Return what tells this start of the machine from others; 0 where that is not known."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "0"


def _start_from_ps(pid: int) -> str | None:
    """Ask ps for the start, where there is no /proc (macOS)."""
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def is_alive(pid: int, start: str) -> bool:
    """Return whether the process that had this number and start is still running.

    If the system hides a process with this number from this user (hidepid in proc(5)), it counts as that one.
    """
    return start_of(pid) == start or _is_hidden(pid)


def _is_hidden(pid: int) -> bool:
    """Return whether there is such a process of another user, which /proc does not show."""
    if pid <= 0 or not (_PROC / "self").exists():
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not os.access(_PROC / str(pid) / "stat", os.R_OK)
    except (ProcessLookupError, OverflowError):
        return False
    return False


def family(variable: str, value: str) -> list[int]:
    """List the user's processes with this variable in their environment, except this process."""
    needle = f"{variable}={value}".encode()
    found = []
    for entry in os.scandir(_PROC) if _PROC.is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if needle in _environment(entry.name).split(b"\0"):
                found.append(int(entry.name))
    return found


def _environment(pid: str) -> bytes:
    """Return a process's environment, waiting for one that is between two programs. Raises OSError.

    In execve(2), the environment reads as empty, and for a moment as one that is empty for good: it ends where it
    starts (env_start and env_end in proc(5)). So that is seen several times, in one program, before it is believed.
    """
    deadline, seen = time.monotonic() + EXEC_S, [b""]
    while not (content := (_PROC / pid / "environ").read_bytes()) and time.monotonic() < deadline:
        (_PROC / pid / "exe").readlink()  # a kernel thread has none
        fields = _fields(pid)
        stack, start, end = fields[25], *fields[47:49]
        if start != end or end == b"0" or stack != seen[-1]:
            seen.clear()
        seen.append(stack)
        if len(seen) > EMPTY_TIMES:
            break
        time.sleep(0.001)
    return content


def _fields(pid: int | str) -> list[bytes]:
    """Return what /proc/PID/stat has, from the third field on. Raises OSError.

    The second field is the program's name in parentheses, which may contain anything; see proc(5).
    """
    return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()


@dataclass(frozen=True, slots=True)
class Process:
    """A process: its number, the folder that it works in, and its arguments."""

    pid: int
    folder: Path
    arguments: tuple[str, ...]


def working_in(folder: Path) -> Iterator[Process]:
    """Yield the user's processes that work in a folder or below it; none where there is no /proc."""
    top = os.path.realpath(folder)
    for entry in os.scandir(_PROC) if _PROC.is_dir() else ():
        if not entry.name.isdigit():
            continue
        # The folders of other users' processes cannot be read, and a process may end meanwhile.
        with contextlib.suppress(OSError):
            place = os.readlink(f"/proc/{entry.name}/cwd")  # noqa: PTH115  # for hundreds of processes
            if place == top or place.startswith(f"{top}/"):
                line = (_PROC / entry.name / "cmdline").read_bytes().decode("utf-8", "replace")
                yield Process(int(entry.name), Path(place), tuple(line.split("\0")[:-1]))


def ancestors() -> list[int]:
    """List the numbers of this process's parent, of its parent, and so on; only the first where there is no /proc."""
    found = [os.getppid()]
    with contextlib.suppress(OSError, ValueError, IndexError):
        while found[-1] > 1:
            found.append(int(_fields(found[-1])[1]))
    return found


def signal_session(leader: int, number: int) -> bool:
    """Send a signal to the process group of leader; return False if no process of it is left."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_family(variable: str, value: str, leader: int | None, wait_s: float) -> None:
    """Kill what is left of a family whose first process has ended, after giving it wait_s to end by itself."""
    deadline = time.monotonic() + wait_s
    while leader and signal_session(leader, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if leader:
        signal_session(leader, signal.SIGKILL)
    _kill_family(variable, value)


def _kill_family(variable: str, value: str) -> None:
    """Kill all members of a family, and those that they start meanwhile.

    Looking for them takes seconds on a busy machine, so only the time after all of them were killed is limited.
    """
    give_up = time.monotonic() + FAMILY_S
    killed: set[int] = set()
    while (left := family(variable, value)) and time.monotonic() < give_up:
        if not killed.issuperset(left):
            killed.update(left)
            give_up_on_these = time.monotonic() + KILLED_S
        elif time.monotonic() > give_up_on_these:
            return
        _signal_all(left, signal.SIGKILL)
        time.sleep(0.001)


def signal_family(variable: str, value: str, number: int) -> None:
    """Send a signal to all members of a family."""
    _signal_all(family(variable, value), number)


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)
