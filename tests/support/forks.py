"""Running commands in forks of a process that has loaded qanat: real processes without their start-up time.

Tests of start-up, signals or kills need real processes: Sandbox.start and Terminal with real=True, and the `call` of
qanat.testing.sandbox.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.support.fork_server import COST, NUMBER, PACKAGES
from tests.support.forked import Forked

SERVER = Path(__file__).with_name("fork_server.py")
# Variables that Python, the C library and libgit2 read only once, when loaded, and those that govern how git works.
SURROUNDINGS = ("PYTHON", "LC_", "LANG", "LD_", "DYLD_", "HOME", "XDG_", "GIT_")

# With its memory in large pages, where the system has them, a fork takes an eighth less time. No fork inherits these.
LARGE_PAGES = {"PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@dataclass(frozen=True)
class Module:
    """What `python -m` is told to run."""

    module: str
    arguments: tuple[str, ...]
    safe_path: bool

    @classmethod
    def of(cls, words: Sequence[str]) -> Module | None:
        """Parse `python [-P] -m MODULE …`; None for any other command."""
        match list(words):
            case [sys.executable, "-m", module, *arguments]:
                return cls(module, tuple(arguments), safe_path=False)
            case [sys.executable, "-P", "-m", module, *arguments]:
                return cls(module, tuple(arguments), safe_path=True)
        return None


class Ended(subprocess.CompletedProcess[bytes]):
    """How a fork ended, its time of the processor, and the memory that it had at most beyond what is loaded anyway."""

    def __init__(self, args: list[str], code: int, out: bytes, err: bytes, *, cpu_s: float, beyond_mib: float) -> None:
        super().__init__(args, code, out, err)
        self.cpu_s = cpu_s
        self.beyond_mib = beyond_mib


class ForkServer:
    """The server of one pytest process. It runs commands inside a `with` block, and the first of them starts it."""

    def __init__(self, **further: str) -> None:
        self._further = further
        self._others: list[ForkServer] = []
        self._environment: dict[str, str] | None = None
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[str] | None = None
        self._one_thread = threading.Lock()

    def __enter__(self) -> Self:
        self._environment = os.environ | self._further
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._environment = None
        if self._control and self._process:
            self._control.close()
            printed = self._process.communicate(timeout=60)
            assert (self._process.returncode, *printed) == (0, "", "")

    @contextlib.contextmanager
    def also(self, **further: str) -> Iterator[None]:
        """Run commands with these further variables in forks, too, inside a block: in those of another server.

        It has loaded qanat already, so what the variables name must not be another qanat.
        """
        if self._environment is None:
            yield
            return
        with ForkServer(**further) as other:
            self._others.append(other)
            try:
                yield
            finally:
                self._others.remove(other)

    def _for(self, env: Mapping[str, str]) -> ForkServer | None:
        """Return the server that shares an environment: this one or one of the others."""
        wanted = _surroundings(env)
        servers = (self, *self._others)
        return next(
            (s for s in servers if s._environment is not None and _surroundings(s._environment) == wanted), None
        )

    def can_run(self, words: Sequence[str], env: Mapping[str, str]) -> bool:
        """Return whether the command is one of qanat's modules, in an environment that the server shares."""
        wanted = Module.of(words)
        return wanted is not None and wanted.module.partition(".")[0] in PACKAGES and self._for(env) is not None

    def run(
        self,
        words: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        timeout_s: float,
        stdin: bytes = b"",
        new_session: bool = False,
        limits: Mapping[int, int] | None = None,
        merged: bool = False,
    ) -> Ended:
        """Run `python -m …` to its end, as subprocess.run does with captured output; limits are those of `resource`.

        If `merged`, its stdout has what it writes to stderr, too.
        """
        deadline = time.monotonic() + timeout_s
        order = self._order(words, cwd, env) | {"new_session": new_session, "limits": list((limits or {}).items())}
        (their_stdin, our_stdin), (our_stdout, their_stdout), (our_stderr, their_stderr) = (os.pipe() for _ in range(3))
        if merged:
            os.dup2(their_stdout, their_stderr)
        talk = self._begin(order, [their_stdin, their_stdout, their_stderr])
        ours = os.fdopen(our_stdin, "wb", 0), os.fdopen(our_stdout, "rb", 0), os.fdopen(our_stderr, "rb", 0)
        with _Child(talk, *ours) as child:
            pid = child.number(deadline)
            try:
                out, err = child.communicate(stdin, deadline)
                code = child.number(deadline)
                cpu_us, beyond_kib = child.cost()
            except TimeoutError:
                end_tree(pid)
                raise subprocess.TimeoutExpired(list(words), timeout_s) from None
        return Ended(list(words), code, out, err, cpu_s=cpu_us / 1e6, beyond_mib=beyond_kib / 1024)

    def popen(self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Forked:
        """Start `python -m …` in a session of its own, as subprocess.Popen does with pipes for what it prints."""
        order = self._order(words, cwd, env) | {"new_session": True}
        (our_stdout, their_stdout), (our_stderr, their_stderr) = os.pipe(), os.pipe()
        talk = self._begin(order, [os.open(os.devnull, os.O_RDONLY), their_stdout, their_stderr])
        return Forked(words, talk, our_stdout, our_stderr)

    def start(self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], streams: Sequence[int]) -> AtTerminal:
        """Start `python -m …` in a session of its own at the terminal that is its stdin. Closes the streams here."""
        order = self._order(words, cwd, env) | {"new_session": True, "terminal": True}
        return AtTerminal(self._begin(order, streams))

    def _begin(self, order: Mapping[str, Any], theirs: Sequence[int]) -> socket.socket:
        """Fork, from the server that shares the environment, if one does."""
        return (self._for(order["env"]) or self)._fork(order, theirs)

    def _order(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> dict[str, Any]:
        """Return what a new process is to be; the server runs from now on."""
        module = Module.of(words)
        assert module, words
        with self._one_thread:
            (self._for(env) or self)._start()
            umask = _umask()
        usual = {"umask": umask, "new_session": False, "terminal": False, "limits": []}
        return {**asdict(module), "cwd": str(cwd), "env": dict(env), **usual}

    def _start(self) -> None:
        if self._process:
            return
        self._control, theirs = socket.socketpair()
        with theirs:
            # With pipes, its sys.stdout and sys.stderr are right for its children, which have pipes as well.
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**(self._environment or {}), **LARGE_PAGES},
                pass_fds=[theirs.fileno()],
            )

    def _fork(self, order: Mapping[str, Any], theirs: Sequence[int]) -> socket.socket:
        """Start a process with these streams, which are closed here; return the socket on which is said how it is."""
        assert self._control
        talk, their_talk = socket.socketpair()
        sent = [*theirs, their_talk.detach()]
        try:
            socket.send_fds(self._control, [b"+"], sent)
        finally:
            for end in sent:
                os.close(end)
        talk.sendall(json.dumps(order).encode())
        talk.shutdown(socket.SHUT_WR)
        return talk


FORKS = ForkServer()
"""The server that commands use; it runs none before conftest.py has entered it."""


class AtTerminal:
    """A forked process at a terminal, with as much of a subprocess.Popen as tests need."""

    def __init__(self, talk: socket.socket) -> None:
        self._talk = talk
        self.pid = _number(talk)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or minus the number of the signal that ended the process; None while it runs."""
        if self.returncode is None and select.select([self._talk], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Wait for the end of the process and return what poll() then returns."""
        if self.returncode is None:
            self.returncode = _number(self._talk)
            self._talk.close()
        return self.returncode


@dataclass
class _Child:
    """A forked process: our ends of its pipes, and of the socket on which the server reports about it."""

    talk: socket.socket
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self.talk, self.stdin, self.stdout, self.stderr):
            end.close()

    def number(self, deadline: float) -> int:
        """Read the next number from the server: first the process's number, then its exit code."""
        self.talk.settimeout(max(0.001, deadline - time.monotonic()))
        return _number(self.talk)

    def cost(self) -> tuple[int, int]:
        """Read what the process has cost, which comes with its exit code."""
        cpu_us, beyond_kib = COST.unpack(self.talk.recv(COST.size))
        return cpu_us, beyond_kib

    def communicate(self, unsent: bytes, deadline: float) -> tuple[bytes, bytes]:
        """Write stdin, and read stdout and stderr to their ends. Raises TimeoutError when that takes too long."""
        read: dict[IO[bytes], bytearray] = {self.stdout: bytearray(), self.stderr: bytearray()}
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdin, selectors.EVENT_WRITE)
            for stream in read:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = [key.fileobj for key, _ in selector.select(max(0.0, deadline - time.monotonic()))]
                if not ready:
                    raise TimeoutError
                for stream in read.keys() & ready:
                    piece = os.read(stream.fileno(), 65536)
                    read[stream] += piece
                    if not piece:
                        selector.unregister(stream)
                if self.stdin in ready:
                    unsent = _write(self.stdin, unsent)
                    if not unsent:
                        selector.unregister(self.stdin)
                        self.stdin.close()
        return bytes(read[self.stdout]), bytes(read[self.stderr])


def _number(talk: socket.socket) -> int:
    number: int = NUMBER.unpack(talk.recv(NUMBER.size))[0]
    return number


def _write(stream: IO[bytes], unsent: bytes) -> bytes:
    """Write what fits into a pipe and return the rest; return nothing if the reader is gone."""
    try:
        return unsent[stream.write(unsent[: select.PIPE_BUF]) :]
    except BrokenPipeError:
        return b""


def _surroundings(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that must be the server's; below XDG_CONFIG_HOME, only git's settings are read once."""
    found = {name: value for name, value in env.items() if name.startswith(SURROUNDINGS)}
    if not Path(found.get("XDG_CONFIG_HOME", "git"), "git").exists():
        found.pop("XDG_CONFIG_HOME", None)
    return found


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def end_tree(pid: int) -> None:
    """Kill a process and all its descendants."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(parent), int(child)) for parent, child in map(str.split, listed.splitlines())]
    tree = [pid]
    for found in tree:
        tree += [child for parent, child in pairs if parent == found]
    for found in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(found, signal.SIGKILL)
