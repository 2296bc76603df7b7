"""Commands in forks behave as in real processes: every test that uses the sandbox relies on it."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from qanat.cli.commands.table import SECTIONS
from tests.support import forks
from tests.support.costs import SHARED_MIB
from tests.support.forks import ForkServer
from tests.support.gates import is_running
from tests.support.sandbox import PROGRAM, wait_until
from tests.support.terminal import CTRL_D, Terminal

ROOT = Path(__file__).parents[2]
# Commands in an order that gives most of them something to do; of a command that is not listed, the help is compared.
LIFE = """
init --yes
experiment new --name train --executable train.sh --executable_command sh --action plot=plot.sh
validate
run --commit-message experiment train --lr 0.1
run train -R "--lr 1 3 1"
rerun 1 --check
retry 2 --failed
status
show 2
logs 2 --group 1
compare 1 2
explore train 1
action train plot 1
comment 1 --message "as expected"
tag add 1 paper
diff HEAD~2
delete 3 --yes
dataset list --json
template show default --runner slurm --check
config show
cache status
hold 1
release 1
cancel 1
keep
hooks install
merge-driver a b c d
import no.db
migrate
completion bash
no-such-command
"""
PROBE = [sys.executable, "-m", "tests.support.probe"]
Ended = subprocess.CompletedProcess[bytes]


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """Start a server of this module."""
    with ForkServer() as started:
        yield started


def really(words: Sequence[str], cwd: Path, stdin: bytes = b"") -> Ended:
    """Run a command as a real process."""
    env = dict(os.environ)
    return subprocess.run(words, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=60, check=False)


def forked(server: ForkServer, words: Sequence[str], cwd: Path, stdin: bytes = b"", timeout_s: float = 60) -> Ended:
    """Run a command in a fork."""
    return server.run(words, cwd=cwd, stdin=stdin, env=os.environ, timeout_s=timeout_s)


def last_line(text: bytes) -> bytes:
    """Return the last line, which a traceback has in common however it came about."""
    return text.rstrip(b"\n").rpartition(b"\n")[2]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 256", 0),
        ("exit -1", 255),
        ("return", 0),
        ("message", 1),
        (f"signal {signal.SIGTERM:d}", -signal.SIGTERM),
        (f"signal {signal.SIGKILL:d}", -signal.SIGKILL),
        (f"signal {signal.SIGINT:d}", -signal.SIGINT),
    ],
)
def test_a_fork_is_given_what_a_real_process_is_given(server: ForkServer, words: str, code: int) -> None:
    command = [*PROBE, *words.split(), "", "two words", "é 🏁\udcff"]
    expected, got = (run(command, ROOT, "line\r\nü\n".encode()) for run in (really, partial(forked, server)))
    assert (got.returncode, last_line(got.stderr)) == (expected.returncode, last_line(expected.stderr))
    assert json.loads(got.stdout) == json.loads(expected.stdout)
    assert got.returncode == code


def test_a_fork_finds_what_was_changed_after_the_server_began(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked(server, [*PROBE, "return"], ROOT)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    monkeypatch.setenv("ADDED", "later")
    monkeypatch.delenv("PATH")
    shutil.copy(ROOT / "tests/support/probe.py", tmp_path)
    command = [sys.executable, "-m", "probe", "return"]
    before = os.umask(0o027)
    try:
        expected, got = (json.loads(run(command, tmp_path).stdout) for run in (really, partial(forked, server)))
    finally:
        os.umask(before)
    assert got == expected
    assert (got["cwd"], got["umask"], got["time zone"]) == (str(tmp_path), 0o027, ["IST", "IST"])


def test_a_fork_can_be_limited_and_in_a_session_of_its_own(server: ForkServer) -> None:
    limits = {resource.RLIMIT_CPU: 2, resource.RLIMIT_DATA: 2**28}
    run = partial(server.run, cwd=ROOT, env=os.environ, timeout_s=60, new_session=True, limits=limits)
    state = json.loads(run([*PROBE, "return"]).stdout)
    assert state["session"] == state["process group"] != os.getsid(0)
    assert run([*PROBE, "compute"]).returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert run([*PROBE, "allocate", str(2**28)]).stderr.rstrip().endswith(b"MemoryError")


def test_what_a_fork_costs_is_measured_without_what_is_loaded_anyway(server: ForkServer) -> None:
    little, much = (
        server.run([*PROBE, "allocate", str(size << 20)], cwd=ROOT, env=os.environ, timeout_s=60) for size in (1, 256)
    )
    assert little.beyond_mib < 40
    assert 256 - SHARED_MIB - 4 < much.beyond_mib < 300
    assert 0 < little.cpu_s < 5


def test_other_variables_have_a_server_of_their_own(tmp_path: Path) -> None:
    command, env = [*PROBE, "return"], os.environ | {"PYTHONPATH": str(tmp_path)}
    with ForkServer() as server:
        with server.also(PYTHONPATH=str(tmp_path)):
            assert server.can_run(PROGRAM, env)
            assert server.can_run(PROGRAM, os.environ)
            seen = [server.run(command, cwd=ROOT, env=each, timeout_s=60) for each in (env, os.environ)]
            assert [str(tmp_path) in json.loads(done.stdout)["path"] for done in seen] == [True, False]
        assert not server.can_run(PROGRAM, env)


def test_a_fork_in_the_background_is_handled_like_a_real_process(server: ForkServer, tmp_path: Path) -> None:
    told = tmp_path / "pids"

    def start(*words: str) -> subprocess.Popen[str]:
        return server.popen([*PROBE, *words], cwd=ROOT, env=os.environ)

    with start("exit", "3") as ended:
        out, err = ended.communicate(timeout=60)
        assert (ended.wait(), ended.poll(), ended.returncode) == (3, 3, 3)
        words = [*PROBE, "exit", "3"]
        really = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False)
        assert err == really.stderr
        state, expected = json.loads(out), json.loads(really.stdout)
        alike = ("arguments", "cwd", "stdin", "signals", "blocked", "open files", "umask")
        assert [state[key] for key in alike] == [expected[key] for key in alike]
        assert state["session"] == state["process group"] == ended.pid
    with start("wait", str(told)) as waiting:
        wait_until(lambda: told.exists() and len(told.read_text().split()) == 3)
        assert waiting.poll() is None
        with pytest.raises(subprocess.TimeoutExpired, match="probe"):
            waiting.wait(0.01)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.communicate(timeout=0.01)
        os.killpg(waiting.pid, signal.SIGKILL)
        assert waiting.wait(60) == -signal.SIGKILL
        waiting.kill()  # does nothing any more


@pytest.mark.parametrize(("words", "code"), [("exit 3", 3), (f"signal {signal.SIGTERM:d}", -signal.SIGTERM)])
def test_a_fork_at_a_terminal_is_given_what_a_real_process_is_given(
    words: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "PACKAGES", ("tests",))
    expected, got = (at_terminal(words.split(), code, real=real) for real in (True, False))
    assert got == expected
    assert got["terminals"] == [True] * 3


def at_terminal(words: Sequence[str], code: int, *, real: bool) -> dict[str, object]:
    """Return what a process at a terminal is given, without what no two have in common."""
    with Terminal(ROOT, *words, program=PROBE, real=real) as terminal:
        terminal.press("line\r", CTRL_D)
        state: dict[str, object] = json.loads(terminal.see("\n"))
        if code < 0:
            terminal.ends_by(-code)
        else:
            terminal.ends(code)
    assert state.pop("session") == state.pop("process group") == state.pop("foreground")
    return state


def test_more_than_pipes_hold_goes_in_and_out(server: ForkServer) -> None:
    text = "0123456789abcde\n" * 65536
    assert json.loads(forked(server, [*PROBE, "return"], ROOT, text.encode()).stdout)["stdin"] == text
    assert forked(server, [*PROGRAM, "--version"], ROOT, text.encode()).returncode == 0


def test_forks_run_at_the_same_time(server: ForkServer, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with ThreadPoolExecutor() as threads:
        ends = [threads.submit(forked, server, [*PROBE, verb, str(fifo)], ROOT) for verb in ("read", "write")]
    assert [end.result().returncode for end in ends] == [0, 0]


def test_a_fork_that_takes_too_long_is_killed_with_all_it_has_started(server: ForkServer, tmp_path: Path) -> None:
    told = tmp_path / "pids"
    # Once the server has loaded qanat, five seconds are enough for the fork to start another process.
    assert forked(server, [*PROGRAM, "--version"], tmp_path).returncode == 0
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(forked, server, [*PROBE, "wait", str(told)], ROOT, timeout_s=5)
        with pytest.raises(subprocess.TimeoutExpired, match="probe"):
            waiting.result()
    _, probe, sleeper = map(int, told.read_text().split())
    wait_until(lambda: not is_running(probe) and not is_running(sleeper))


def test_the_server_ends_with_its_block_and_leaves_no_file_open(tmp_path: Path) -> None:
    before = len([*Path("/dev/fd").iterdir()])
    told = tmp_path / "pids"
    with ForkServer() as server:
        for _ in range(3):
            assert forked(server, [*PROGRAM, "--version"], tmp_path).returncode == 0
        with pytest.raises(subprocess.TimeoutExpired):
            forked(server, [*PROBE, "wait", str(told)], ROOT, timeout_s=5)
    assert not is_running(int(told.read_text().split()[0]))
    assert len([*Path("/dev/fd").iterdir()]) == before


@pytest.mark.parametrize(
    ("words", "env", "forks"),
    [
        ([*PROGRAM, "status"], {}, True),
        ([*PROGRAM, "status"], {"COLUMNS": "80", "TZ": "CET"}, True),
        ([sys.executable, "-P", "-m", "qanat_hooks.hook", "validate"], {}, True),
        ([*PROGRAM, "status"], {"PYTHONPATH": "elsewhere"}, False),
        ([*PROGRAM, "status"], {"HOME": "elsewhere"}, False),
        ([*PROGRAM, "status"], {"LC_ALL": "C"}, False),
        ([*PROGRAM, "status"], {"XDG_CONFIG_HOME": "/nowhere"}, True),
        ([*PROGRAM, "status"], {"XDG_CONFIG_HOME": str(ROOT / "tests/unit")}, False),
        (["/usr/bin/python3", "-m", "qanat", "status"], {}, False),
        ([sys.executable, "-W", "error", "-m", "qanat"], {}, False),
        ([sys.executable, "-m", "pre_commit"], {}, False),
        (["git", "status"], {}, False),
    ],
)
def test_what_a_fork_cannot_be_is_a_real_process(words: list[str], env: dict[str, str], forks: bool) -> None:
    with ForkServer() as server:
        assert server.can_run(words, {**os.environ, **env}) is forks
    assert not server.can_run(words, os.environ)


@pytest.mark.slow
def test_every_command_prints_and_leaves_the_same(server: ForkServer, tmp_path: Path) -> None:
    commands = [shlex.split(line) for line in LIFE.strip().splitlines()]
    named = {words[0] for words in commands}
    commands += [[name, "--help"] for section in SECTIONS.values() for name in section if name not in named]
    really_done, forked_done = (live(run, tmp_path, commands) for run in (really, partial(forked, server)))
    assert forked_done == really_done


def live(run: Callable[..., Ended], folder: Path, commands: list[list[str]]) -> list[tuple[list[str], int, str, str]]:
    """Run commands in a new project that is always in the same place; return what they print and what is there then."""
    root = folder / "my project"
    root.mkdir()
    for name in ("train.sh", "plot.sh"):
        (root / name).write_text('echo "$@"\n')
        (root / name).chmod(0o755)
    done = [run([*PROGRAM, *words], root) for words in commands]
    left = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, check=True)
    shutil.rmtree(root)
    return [
        (end.args[3:], end.returncode, steady(end.stdout.decode()), steady(end.stderr.decode()))
        for end in [*done, left]
    ]


def steady(text: str) -> str:
    """Replace what no two runs have in common: identifiers, dates, durations and sizes."""
    text = re.sub(r"\b[0-9a-f]{6,40}\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?", "DATE", text)
    return re.sub(r" *\b\d+(\.\d+)? ?(m?s|k?B)\b *", " AMOUNT ", text)
