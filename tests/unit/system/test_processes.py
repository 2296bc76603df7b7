"""Families of processes: nobody is overlooked, and nobody is left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qanat.system import processes
from tests.support.sandbox import wait_until

MARK = "QANAT_TEST_FAMILY"


@contextmanager
def started(tmp_path: Path, script: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a shell script of this test's family."""
    path = tmp_path / "script.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    with subprocess.Popen([path], env={**os.environ, MARK: str(tmp_path)}) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_a_process_is_found_while_it_goes_from_program_to_program(tmp_path: Path) -> None:
    with started(tmp_path, 'exec "$0"') as process:
        wait_until(lambda: processes.family(MARK, str(tmp_path)) == [process.pid])
        for _ in range(300):
            assert processes.family(MARK, str(tmp_path)) == [process.pid]


def test_a_process_without_environment_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "EXEC_S", 1e6)
    with subprocess.Popen(["sleep", "60"], env={}) as process:
        wait_until(lambda: (Path("/proc") / str(process.pid) / "comm").read_text() == "sleep\n")
        assert processes.family(MARK, "nobody") == []
        process.kill()


def test_children_started_while_the_family_ends_are_ended(tmp_path: Path) -> None:
    """A shell that starts a child after child, each in a session of its own."""
    with started(tmp_path, "while :; do setsid sleep 60 & done") as process:
        wait_until(lambda: len(processes.family(MARK, str(tmp_path))) > 5)
        processes.end_family(MARK, str(tmp_path), None, 0)
        assert processes.family(MARK, str(tmp_path)) == []
        assert process.wait() < 0
