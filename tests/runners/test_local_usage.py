"""What local jobs use: CPU time, memory and GPUs of all their processes."""

from __future__ import annotations

import resource
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.domain.job import JobEnded, JobSpec
from qanat.domain.used import Used
from qanat.runners.local import usage
from qanat.runners.local.runner import LocalRunner
from tests.runners.contract import Place, place

__all__ = ["place"]
MIB = 2**20
GATED = """
import os, sys, time
gate, mib, children = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
memory = b"1" * (mib * 2**20)
for _ in range(children):
    if os.fork() == 0:
        children = 0
        break
while not os.path.exists(gate):
    time.sleep(0.01)
for _ in range(children):
    os.wait()
"""


def used_by(
    job: JobSpec, gate: Path | None = None, until: Callable[[LocalRunner], object] = lambda runner: True
) -> Used | None:
    """Return what a job has used; the gate opens once a condition is true."""
    with LocalRunner() as runner:
        for event in runner.watch(secrets.token_hex(8), [job]):
            if isinstance(event, JobEnded):
                return event.status.used
            if gate and until(runner):
                gate.touch()
    raise AssertionError("the job has not ended")


def seen_kib(runner: LocalRunner) -> int:
    """Return the most memory that the runner has seen of group 0."""
    seen = runner._meter._seen.get(0)
    return seen.memory_kib if seen else 0


def gated(place: Place, mib: int, children: int = 0) -> tuple[JobSpec, Path]:
    gate = place.workdir / "gate"
    return place.job(sys.executable, "-c", GATED, str(gate), str(mib), str(children)), gate


def test_the_memory_of_children_counts_and_what_they_share_only_once(place: Place) -> None:
    job, gate = gated(place, 100, 3)
    used = used_by(job, gate, lambda runner: seen_kib(runner) > 100 * 1024)
    assert used
    assert 100 <= (used.memory_mib or 0) <= 180


def test_the_time_of_grandchildren_counts(place: Place) -> None:
    busy = '"$0" -c "import time\nwhile time.process_time() < 0.5: pass"; true'
    used = used_by(place.job("/bin/sh", "-c", f"/bin/sh -c '{busy}' \"$0\"; true", sys.executable))
    assert used
    assert 0.5 <= (used.cpu_s or 0) <= 2


def test_a_large_process_is_known_even_if_nobody_looked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "FIRST_S", 60)
    # The kernel counts what this process has had, too.
    own_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    mib = max(600, own_mib + 100)
    large, _ = gated(place, mib)
    (place.workdir / "gate").touch()
    used = used_by(large)
    assert used
    assert mib <= (used.memory_mib or 0) <= mib + 40


def test_of_a_short_small_program_only_the_time_is_known(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "FIRST_S", 60)
    used = used_by(place.shell("exit 3"))
    assert used
    assert used.cpu_s is not None
    assert used.memory_mib is None


def test_looking_costs_a_fiftieth_of_the_time_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now, spent, looks = 100.0, 0.0, []
    monkeypatch.setattr(usage.time, "monotonic", lambda: now)
    monkeypatch.setattr(usage.time, "process_time", lambda: spent)

    def families(needle: bytes, shells: object) -> dict[int, list[int]]:
        nonlocal spent
        spent += 0.05
        looks.append(now)
        return {}

    monkeypatch.setattr(usage, "_families", families)
    meter = usage.Meter("QANAT_JOB")
    for tick in range(20_000):
        now = 100 + tick / 20
        if tick % 20 == 0:
            meter.started()
        meter.look("c0ffee", ())
    assert 0.015 < spent / (now - 100) < 0.021
    assert looks[0] == pytest.approx(100.1)


SMI = """\
#!/bin/sh
case $* in
*compute-apps*) cat "${0%/*}/apps" ;;
*) printf 'GPU-a, 80\\nGPU-b, 40\\nGPU-c, 99\\nGPU-d, [N/A]\\n' ;;
esac
"""


def test_of_gpus_those_count_on_which_the_job_runs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "GPUS_FIRST_S", 0.0)
    programs = place.workdir / "bin"
    programs.mkdir()
    (programs / "nvidia-smi").write_text(SMI)
    (programs / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    writes = (
        "import os, sys\n"
        "with open(sys.argv[4], 'w') as file:\n"
        "    for gpu, pid, mib in ('a', os.getpid(), 300), ('b', os.getpid(), 200), ('c', 1, 9), ('a', 'x', 'y'):\n"
        "        print(f'GPU-{gpu}, {pid}, {mib}', file=file)\n"
    )
    gate = place.workdir / "gate"
    job = place.job(sys.executable, "-c", writes + GATED, str(gate), "1", "0", str(programs / "apps"))
    used = used_by(job, gate, lambda runner: runner._meter._gpus and runner._meter._gpus._seen)
    assert used
    assert (used.gpu_memory_mib, used.gpu_percent) == (500, 60)
