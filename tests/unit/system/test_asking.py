"""A program that is asked what it prints cannot hang, flood, read, or stay."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qanat.errors import RunnerUnavailable
from qanat.system.asking import Answer, answer_of
from tests.support.gates import is_running
from tests.support.sandbox import wait_until


def ask(folder: Path, code: str) -> Answer:
    command = [sys.executable, "-c", code]
    return answer_of(command, cwd=folder, env={"PLACE": "here"}, timeout_s=60, bytes_max=10_000)


def test_what_it_prints_comes_with_its_exit_code(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.environ['PLACE'], sys.stdin.read(), flush=True); print(2, file=sys.stderr); exit(3)"
    )
    assert ask(tmp_path, code) == Answer(3, b"here \n", b"2\n")


@pytest.mark.parametrize(("stream", "printed"), [("stdout", (10_000, 0)), ("stderr", (0, 10_000))])
def test_one_that_prints_without_end_is_killed(tmp_path: Path, stream: str, printed: tuple[int, int]) -> None:
    answer = ask(tmp_path, f"import sys\nwhile True: print('x' * 100, file=sys.{stream})")
    assert answer.status is None
    assert (len(answer.out), len(answer.err)) == printed


def test_one_that_does_not_end_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    command = ["sh", "-c", "sleep 10000 & echo $!; wait"]
    timeout_s = 1.0
    # On a busy machine, it takes the shell long to start another program.
    while not (answer := answer_of(command, cwd=tmp_path, env={}, timeout_s=timeout_s, bytes_max=10_000)).out:
        timeout_s *= 2
    assert answer.status is None
    wait_until(lambda: not is_running(int(answer.out)))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are known by their environment in /proc")
def test_a_daemon_that_it_leaves_behind_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "print(os.getpid(), flush=True); os.close(1); os.close(2); time.sleep(600)"
    )
    answer = ask(tmp_path, code)
    assert answer.status == 0
    wait_until(lambda: not is_running(int(answer.out)))


def test_one_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunnerUnavailable, match="nothing cannot be started: no such file or directory"):
        answer_of(["nothing"], cwd=tmp_path, env={}, timeout_s=1, bytes_max=1)
