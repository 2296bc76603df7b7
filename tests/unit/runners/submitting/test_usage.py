"""What the shells of a job note about the CPU time, memory and GPUs that its program uses, in real shells."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from qanat.domain.job import JobSpec
from tests.support.sandbox import wait_until
from tests.unit.runners.submitting.place import Place

MIB = 2**20
# On a busy machine, the shells look rarely.
WAIT_S = 180
# Waits until the shells have seen as much memory as it was told.
SEEN = """
import os, sys, time

def seen(mib):
    while True:
        with open(os.path.join(os.environ["QANAT_STORAGE_PATH"], ".job-used")) as file:
            if any(int(line.split()[1]) >= mib * 1024 for line in file if line.endswith("\\n")):
                return
        time.sleep(0.01)
"""


def python(place: Place, script: str) -> JobSpec:
    return place.job(sys.executable, "-c", SEEN + script)


def used(place: Place, name: str = "completion.json") -> dict[str, Any]:
    found: dict[str, Any] = place.left(name)["used"]
    return found


def has_printed(place: Place, text: str) -> bool:
    return (place.storage() / "stdout.txt").exists() and text in place.stdout()


def session_of(leader: int) -> list[int]:
    """List the processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_the_peak_of_a_child_and_the_time_of_a_grandchild_count(in_any_shell: Place) -> None:
    burn = "import time\nwhile time.process_time() < 1: pass"
    job = python(
        in_any_shell,
        f"""
import subprocess
burner = subprocess.Popen(["/bin/sh", "-c", '"$0" -c "$1"; true', sys.executable, {burn!r}])
if os.fork() == 0:
    memory = b"1" * {200 * MIB}
    seen(200)
    os._exit(0)
os.wait()
burner.wait()
""",
    )
    in_any_shell.write(job)
    started = in_any_shell.start(job)
    assert started.wait(WAIT_S) == 0
    found = used(in_any_shell)
    assert set(found) == {"cpu_s", "memory_mib"}
    assert 1 <= found["cpu_s"] <= 4
    assert 200 <= found["memory_mib"] <= 260
    assert session_of(started.pid) == []
    assert not [name for name in in_any_shell.storage().iterdir() if name.name.startswith(".job")]


def test_memory_that_processes_share_counts_once(place: Place) -> None:
    job = python(
        place,
        f"""
memory = b"1" * {100 * MIB}
held, end = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.close(end)
        os.read(held, 1)
        os._exit(0)
seen(100)
""",
    )
    place.write(job)
    assert place.start(job).wait(WAIT_S) == 0
    assert 100 <= used(place)["memory_mib"] <= 170


def test_a_short_program_has_its_time_and_no_memory(in_any_shell: Place) -> None:
    job = in_any_shell.shell("exit 3")
    in_any_shell.write(job)
    for _ in range(20):
        started = in_any_shell.start(job)
        assert started.wait(WAIT_S) == 3
        assert session_of(started.pid) == []
    assert used(in_any_shell).keys() >= {"cpu_s"}
    assert used(in_any_shell)["cpu_s"] < 1


def test_a_stopped_program_tells_what_it_has_used(in_any_shell: Place) -> None:
    job = python(in_any_shell, f'memory = b"1" * {50 * MIB}\nseen(50)\nprint("seen", flush=True)\ntime.sleep(600)')
    in_any_shell.write(job)
    started = in_any_shell.start(job)
    wait_until(lambda: has_printed(in_any_shell, "seen"))
    started.send_signal(signal.SIGTERM)
    started.wait(WAIT_S)
    assert 50 <= used(in_any_shell, "stopped.json")["memory_mib"] <= 100
    assert session_of(started.pid) == []


def test_nobody_looks_any_more_once_the_shells_were_killed(place: Place) -> None:
    job = python(place, 'seen(1)\nprint("seen", flush=True)\ntime.sleep(600)')
    place.write(job)
    started = place.start(job)
    wait_until(lambda: has_printed(place, "seen"))
    started.kill()
    started.wait(WAIT_S)
    keeper = next(pid for pid in session_of(started.pid) if b"--keep" in Path(f"/proc/{pid}/cmdline").read_bytes())
    program = int((place.storage() / ".job-pid").read_text())
    for pid in (keeper, program):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: session_of(started.pid) == [])


def test_what_a_program_writes_into_the_notes_of_its_shells_is_not_believed(in_any_shell: Place) -> None:
    notes = '"$QANAT_STORAGE_PATH/.job-used"'
    for text in ("0 nonsense", "0 1 2 3 4 5 6", "0 1 2 3 4 $(exit) *", "0", "0 1 2 3 4 5)"):
        job = in_any_shell.shell(f"echo '{text}' >>{notes}; exit 4")
        in_any_shell.write(job)
        assert in_any_shell.run(job) == 4
        assert used(in_any_shell)["cpu_s"] < 1
        assert used(in_any_shell).keys() == {"cpu_s"}


def test_the_own_control_group_of_a_job_limits_what_was_seen(place: Place) -> None:
    peak = place.folder / "cgroups/slurmstepd.scope/job_7/memory.peak"
    peak.parent.mkdir(parents=True)
    peak.write_text(f"{40 * MIB}\n")
    (place.folder / "own").write_text("9:memory:/x\n0::/slurmstepd.scope/job_7/step_batch/user/task_0\n")
    job = python(place, f'memory = b"1" * {50 * MIB}\nseen(50)')
    path = place.write(job)
    text = path.read_text().replace("/proc/self/cgroup", '"$q_commands/../own"')
    path.write_text(text.replace('"/sys/fs/cgroup', '"$q_commands/../cgroups'))
    for number, expected in (("7", range(40, 41)), ("77", range(50, 100))):
        place.environment = {"SLURM_JOB_ID": number}
        assert place.start(job).wait(WAIT_S) == 0
        assert used(place)["memory_mib"] in expected


SMI = """\
#!/bin/sh
case $* in
*compute-apps*) cat "${0%/*}/apps" ;;
*--id=GPU-a,GPU-b*) printf '80\\n40\\n' ;;
*) printf '1\\n1\\n1\\n' ;;
esac
"""


def test_of_gpus_those_count_on_which_the_program_runs(in_any_shell: Place) -> None:
    programs = in_any_shell.folder / "bin"
    programs.mkdir()
    smi = programs / "nvidia-smi"
    smi.write_text(SMI)
    smi.chmod(0o755)
    apps = programs / "apps"
    job = python(
        in_any_shell,
        f"""
with open({str(apps)!r}, "w") as file:
    own = os.getpid()
    for gpu, pid, memory in ("a", own, 300), ("b", own, 200), ("c", 1, 7000), ("a", own, "[N/A]"):
        print(f"GPU-{{gpu}}, {{pid}}, {{memory}}", file=file)
while not any(line.split()[3:4] == ["500"] for line in open(os.environ["QANAT_STORAGE_PATH"] + "/.job-used")):
    time.sleep(0.01)
""",
    )
    path = in_any_shell.write(job)
    path.write_text(path.read_text().replace("q_gpu_turn=5", "q_gpu_turn=0"))
    in_any_shell.environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    assert in_any_shell.start(job).wait(WAIT_S) == 0
    assert used(in_any_shell)["gpu_memory_mib"] == 500
    assert used(in_any_shell)["gpu_percent"] == 60


def test_memory_is_seen_where_sleep_takes_whole_seconds_only(place: Place) -> None:
    programs = place.folder / "bin"
    programs.mkdir()
    sleep = programs / "sleep"
    sleep.write_text(f"#!/bin/sh\ncase $1 in 5) exec {shutil.which('sleep')} 0.1 ;; *) exit 1 ;; esac\n")
    sleep.chmod(0o755)
    job = python(place, f'memory = b"1" * {50 * MIB}\nseen(50)')
    place.write(job)
    place.environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    assert place.start(job).wait(WAIT_S) == 0
    assert used(place)["memory_mib"] >= 50


IN_A_PACK = """
import glob, os, re, time

def seen(mib):
    pattern = re.compile(f"^{os.environ['QANAT_GROUP']} ([0-9]+) ", re.MULTILINE)
    notes = glob.escape(os.path.dirname(os.environ["QANAT_STORAGE_PATH"])) + "/**/.job-used"
    while True:
        texts = [open(name).read() for name in glob.glob(notes, recursive=True)]
        if any(int(found) >= mib * 1024 for text in texts for found in pattern.findall(text)):
            return
        time.sleep(0.1)
"""


def test_each_group_of_a_job_with_several_has_its_own(in_any_shell: Place) -> None:
    place = in_any_shell
    scripts = (
        f'memory = b"1" * {100 * MIB}; seen(100)',
        "seen(1)\nwhile time.process_time() < 1: pass",
        f'memory = b"1" * {50 * MIB}; seen(50)',
    )
    words = [(sys.executable, "-c", IN_A_PACK + script) for script in scripts]
    job = place.bundle(*(place.job(*each, group=number) for number, each in enumerate(words)))
    place.write(job)
    assert place.start(job).wait(WAIT_S) == 0
    first, second, third = (place.left(group=number)["used"] for number in range(3))
    assert 100 <= first["memory_mib"] < 150
    assert second["memory_mib"] < 45
    assert 50 <= third["memory_mib"] < 95
    assert max(first["cpu_s"], third["cpu_s"]) < 1 <= second["cpu_s"]
