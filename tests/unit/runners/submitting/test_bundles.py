"""Jobs that work through several groups, in real shells."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qanat.domain import times
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.layout import CANCELLED_GROUPS
from qanat.records import storage
from qanat.runners.htcondor import keys
from qanat.runners.submitting.job_script import Stopping
from tests.support.sandbox import wait_until
from tests.unit.runners.submitting.place import Place

# Waits for a file of the working directory, and notes on its output that it has begun.
WAITS = 'echo begun; until [ -e "$1" ]; do sleep 0.02; done; exit "$2"'


def waits(place: Place, group: int, *, status: int = 0) -> tuple[str, ...]:
    return ("/bin/sh", "-c", WAITS, "sh", f"gate-{group}", str(status))


def has_begun(place: Place, group: int) -> bool:
    return (place.storage(group) / "stdout.txt").exists() and "begun" in place.stdout(group)


def left_over(place: Place) -> list[str]:
    """List what the shells of jobs told each other and have not removed."""
    return sorted(str(path) for path in place.folder.rglob("*") if path.name.startswith((".job-", "claim-", "job-")))


def cancel(place: Place, *groups: int) -> None:
    with (place.folder / CANCELLED_GROUPS).open("a") as file:
        file.writelines(f"{place.intent} {group} 2026-11-23T05:17:55+00:00\n" for group in groups)


def ends(place: Place, *groups: int) -> list[int | None]:
    written = [storage.read_completion(place.storage(group)) for group in groups]
    return [w.status.exit_code if w else None for w in written]


def test_a_job_works_through_its_groups_each_with_its_own_end(in_any_shell: Place) -> None:
    place = in_any_shell
    scripts = ["exit 0", "exit 3", "kill -KILL $$", "exit 137", 'echo "$QANAT_GROUP $QANAT_STORAGE_PATH"; pwd']
    groups = [place.shell(script, group=7 * n, info=f"n: {n}\n") for n, script in enumerate(scripts)]
    job = place.bundle(*groups, number=4)
    place.write(job)
    assert place.run(job) == 1
    written = [storage.read_completion(group.storage) for group in groups]
    found = [(w.status.exit_code, w.status.signal) for w in written if w]
    assert found == [(0, None), (3, None), (None, signal.SIGKILL), (137, None), (0, None)]
    assert place.stdout(28) == f"28 {place.storage(28)}\n{place.workdir}\n"
    assert [(group.storage / "group_info.yaml").read_text() for group in groups] == [f"n: {n}\n" for n in range(5)]
    machines = {(group.storage / "machine.txt").read_text() for group in groups}
    assert len(machines) == 1
    assert "kernel Linux" in machines.pop()
    assert left_over(place) == []


def test_programs_have_the_default_signal_actions(in_any_shell: Place) -> None:
    place = in_any_shell
    job = place.bundle(*(place.job("grep", "SigIgn", "/proc/self/status", group=n) for n in range(2)))
    place.write(job)
    assert place.run(job) == 0
    assert [int(place.stdout(n).split()[1], 16) & 0x7FFFFFFF for n in range(2)] == [0, 0]


def test_times_are_those_of_each_group(in_any_shell: Place) -> None:
    place = in_any_shell
    groups = [place.shell("sleep 0.3", group=n) for n in range(3)]
    job = place.bundle(*groups)
    place.write(job)
    assert place.run(job) == 0
    left = [place.left(group=n) for n in range(3)]
    if Path(place.shell_path).resolve().name != "busybox":
        assert all(0.3 <= (times.seconds_between(each["started"], each["ended"]) or 0) < 3 for each in left)
    pairs = itertools.pairwise(left)
    assert all(times.parse(before["ended"]) <= times.parse(after["started"]) for before, after in pairs)


def test_several_groups_run_at_once_each_of_them_once(in_any_shell: Place) -> None:
    place = in_any_shell
    place.at_once = 3
    first = [place.job(*waits(place, n), group=n) for n in range(3)]
    rest = [place.shell("echo once", group=n) for n in range(3, 20)]
    job = place.bundle(*first, *rest)
    place.write(job)
    process = place.start(job)
    wait_until(lambda: all(has_begun(place, n) for n in range(3)))
    assert not place.storage(3).joinpath("starts").exists()
    for n in (1, 2, 0):
        (place.workdir / f"gate-{n}").touch()
    assert process.wait(60) == 0
    assert ends(place, *range(20)) == [0] * 20
    assert [place.stdout(n) for n in range(3, 20)] == ["once\n"] * 17
    assert left_over(place) == []


@pytest.mark.parametrize("name", ["USR1", "TERM"])
def test_a_signal_reaches_the_programs_that_run_now(in_any_shell: Place, name: str) -> None:
    """And one that stops the job keeps all others from starting."""
    place = in_any_shell
    place.at_once = 2
    notes = f"trap 'echo got {name}; exit 5' {name}; echo begun; while :; do sleep 0.02; done"
    job = place.bundle(place.shell("exit 0"), *(place.shell(notes, group=n) for n in (1, 2)), place.shell("", group=3))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 1) and has_begun(place, 2))
    process.send_signal(signal.Signals[f"SIG{name}"])
    assert process.wait(60) == (143 if name == "TERM" else 1)
    assert [place.stdout(n) for n in (1, 2)] == [f"begun\ngot {name}\n"] * 2
    left = "stopped.json" if name == "TERM" else "completion.json"
    assert [place.left(left, group=n)["status"] for n in (1, 2)] == [5, 5]
    assert ends(place, 0, 3) == [0, None if name == "TERM" else 0]
    assert (place.storage(3) / "starts").exists() == (name != "TERM")
    assert left_over(place) == []


def test_a_stop_of_all_processes_starts_no_further_group(in_any_shell: Place) -> None:
    place = in_any_shell
    place.stopping = Stopping(all_processes=True)
    # The program ends by itself, as one that saves its work.
    saves = place.shell("trap 'exit 0' TERM; echo begun; while :; do sleep 0.02; done", group=0)
    job = place.bundle(saves, place.shell("exit 0", group=1))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 0))
    subprocess.run(["kill", "-TERM", "--", f"-{process.pid}"], check=True)
    assert process.wait(60) == 143
    assert place.left("stopped.json")["status"] == 0
    assert not (place.storage(1) / "starts").exists()


def test_the_next_start_of_a_job_goes_on_where_the_last_one_was_stopped(in_any_shell: Place) -> None:
    place = in_any_shell
    count = place.shell("echo once", group=0)
    waiting = place.job(*waits(place, 1, status=4), group=1, attempt=3)
    job = place.bundle(count, waiting, place.shell("echo once", group=2))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 1))
    process.terminate()
    assert process.wait(60) == 143
    assert place.left("stopped.json", group=1)["attempt"] == 3
    (place.workdir / "gate-1").touch()
    assert place.run(job) == 1
    assert ends(place, 0, 1, 2) == [0, 4, 0]
    assert place.left(group=1)["attempt"] == 4
    assert [place.stdout(n) for n in (0, 2)] == ["once\n"] * 2
    assert not (place.storage(1) / "stopped.json").exists()


def test_a_cancelled_job_does_nothing(place: Place) -> None:
    job = place.bundle(place.shell("exit 0", group=12), number=3)
    place.write(job)
    (place.folder / "cancelled").write_text(f"{place.intent} 3 2026-11-23T05:17:55+00:00\n")
    assert place.run(job) == 0
    assert not place.storage(12).exists()


def test_cancelled_groups_are_left_out_or_ended_and_no_others(in_any_shell: Place) -> None:
    place = in_any_shell
    # The sleep would outlive the shell that waits for it.
    runs = place.shell("echo begun; sleep 300; exit 0", group=1)
    job = place.bundle(place.shell("exit 6"), runs, *(place.shell("exit 7", group=n) for n in (2, 3)))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 1))
    cancel(place, 1, 2)
    assert process.wait(60) == 1
    assert ends(place, 0, 2, 3) == [6, None, 7]
    assert place.left(group=1)["by"] == "cancelled"
    assert not (place.storage(2) / "starts").exists()
    assert not alive(place)


def alive(place: Place) -> list[str]:
    """List the processes of this place's groups."""
    found = subprocess.run(["pgrep", "-f", "sleep 300"], capture_output=True, text=True, check=False).stdout.split()
    environments = {pid: Path(f"/proc/{pid}/environ") for pid in found}
    return [pid for pid, path in environments.items() if path.exists() and str(place.folder) in path.read_text()]


def test_a_program_that_ignores_its_end_is_killed(in_any_shell: Place) -> None:
    place = in_any_shell
    ignores = place.shell("trap '' TERM; echo begun; while :; do sleep 0.1; done")
    job = place.bundle(ignores, place.shell("exit 0", group=1))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 0))
    cancel(place, 0)
    assert process.wait(60) == 1
    assert (place.left()["by"], place.left()["status"]) == ("cancelled", 137)
    assert ends(place, 1) == [0]


def test_a_group_that_exceeds_its_time_limit_is_ended_alone(in_any_shell: Place) -> None:
    place = in_any_shell
    long = place.shell("echo begun; exec sleep 300", time_limit="2s")
    job = place.bundle(long, place.shell("exit 0", group=1))
    place.write(job)
    assert place.run(job) == 1
    assert place.left()["by"] == "time limit of 2s"
    found = storage.read_completion(place.storage())
    assert found is not None
    assert (found.status.state, found.status.reason) == ("failed", "exceeded the time limit of 2s")
    seconds = times.seconds_between(place.left()["started"], place.left()["ended"])
    assert seconds is not None
    assert 1 <= seconds < 20
    assert ends(place, 1) == [0]


def test_a_keeper_that_is_killed_takes_only_its_group_with_it(in_any_shell: Place) -> None:
    """As when memory is short."""
    place = in_any_shell
    kills = place.job(sys.executable, "-c", "import os, time; os.kill(os.getppid(), 9); time.sleep(300)")
    job = place.bundle(kills, place.shell("exit 0", group=1))
    place.write(job)
    assert place.run(job) == 1
    assert place.left()["status"] == 137
    assert ends(place, 1) == [0]
    assert left_over(place) == []


def test_no_group_starts_after_the_job_itself_is_gone(in_any_shell: Place) -> None:
    """As after `scancel --batch`, which kills the first shell alone."""
    place = in_any_shell
    job = place.bundle(place.job(*waits(place, 0)), place.shell("exit 0", group=1))
    place.write(job)
    process = place.start(job)
    wait_until(lambda: has_begun(place, 0))
    process.kill()
    process.wait(60)
    (place.workdir / "gate-0").touch()
    wait_until(lambda: ends(place, 0) == [0])
    wait_until(lambda: not alive_keepers(place))
    assert not (place.storage(1) / "starts").exists()


def alive_keepers(place: Place) -> list[str]:
    found = subprocess.run(["pgrep", "-f", "--", "--keep"], capture_output=True, text=True, check=False).stdout.split()
    return [pid for pid in found if str(place.folder).encode() in _command_line(pid)]


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_group_continues_in_its_job_while_the_others_have_their_turn(in_any_shell: Place) -> None:
    place, checkpoint = in_any_shell, Checkpoint(85, attempts=3)
    place.stopping, place.at_once = keys.stopping({}), 2
    script = 'echo "$QANAT_ATTEMPT" >>"$QANAT_CHECKPOINT/n"; [ "$(wc -l <"$QANAT_CHECKPOINT/n")" -ge "$1" ] || exit 85'
    wanted = [2, 1, 9]
    groups = [
        place.job("/bin/sh", "-c", script, "sh", str(count), group=n, checkpoint=checkpoint)
        for n, count in enumerate(wanted)
    ]
    job = place.bundle(*groups)
    place.write(job)
    assert place.run(job) == 1
    left = [place.left(group=n) for n in range(3)]
    assert [(each["attempt"], each["status"], each["by"]) for each in left] == [
        (2, 0, "exit"),
        (1, 0, "exit"),
        (3, 85, "attempts"),
    ]
    assert left_over(place) == []


def test_a_group_that_is_cancelled_does_not_continue_and_the_next_has_its_turn(place: Place) -> None:
    note = f'echo "{place.intent} 0 2026-11-23T05:17:55+00:00" >>"$QANAT_STORAGE_PATH/../{CANCELLED_GROUPS}"; exit 85'
    job = place.bundle(place.shell(note, checkpoint=Checkpoint(85)), place.shell("exit 0", group=1))
    place.write(job)
    place.run(job)
    assert len((place.storage() / "starts").read_text().split()) == 1
    assert ends(place, 1) == [0]
