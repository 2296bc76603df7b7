"""The local runner: what every attached runner does, and what is special about local processes."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.domain.job import JobEnded, JobHandle, JobStarted
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable
from qanat.records import storage
from qanat.runners.local import runner as local
from qanat.runners.local import wrapper
from qanat.runners.local.runner import LocalRunner
from qanat.system import processes
from tests.runners.contract import INTENT, Event, InProcessRunnerContract, Place, end_of, place, watch
from tests.support.gates import is_running
from tests.support.sandbox import wait_until

__all__ = ["place"]


class TestLocalRunner(InProcessRunnerContract):
    """The local runner fulfils the contract."""

    def make(self, slots: int = 1) -> LocalRunner:
        """Return a local runner."""
        return LocalRunner(slots)


def test_a_machine_without_a_shell_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapper, "SHELL", "/no/such/sh")
    with pytest.raises(RunnerUnavailable) as raised:
        LocalRunner().check()
    assert raised.value.message == "/no/such/sh does not exist, and every program is started through it"
    assert raised.value.exit_code == 3


def test_a_job_has_a_session_of_its_own_and_is_known_by_its_shells_number_and_start(place: Place) -> None:
    seen: list[JobHandle] = []

    def note(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            leader = os.getsid(int(event.handle.job or 0))
            assert event.handle.details == {"leader": leader, "process_start": processes.start_of(leader)}
            assert leader != os.getsid(0)
            seen.append(event.handle)
            os.killpg(leader, signal.SIGKILL)

    watch(LocalRunner(), [place.waiting()], note)
    assert LocalRunner().poll(seen)[seen[0]].state is None


def test_a_job_that_an_earlier_version_called_by_its_shell_is_known_and_ended(place: Place) -> None:
    def end_it(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            leader = event.handle.details["leader"]
            old = JobHandle(INTENT, 0, str(leader), {"process_start": processes.start_of(leader)})
            assert LocalRunner().poll([old])[old].state is State.RUNNING
            LocalRunner().cancel([old])

    assert end_of(watch(LocalRunner(), [place.waiting()], end_it)).signal == signal.SIGTERM


def test_a_job_whose_start_nobody_noted_is_asked_to_end_before_it_is_killed(place: Place) -> None:
    def cancel(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            LocalRunner().cancel([JobHandle(INTENT, 0, "", {})])

    gentle = place.shell("trap 'echo heard; exit 7' TERM; echo begun; while :; do sleep 0.05; done")
    assert end_of(watch(LocalRunner(), [gentle], cancel)).exit_code == 7
    assert place.stdout() == "begun\nheard\n"


def test_a_process_that_got_the_number_of_a_job_is_not_the_job_and_is_not_ended_for_it(place: Place) -> None:
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as stranger:
        handle = JobHandle(INTENT, 0, str(stranger.pid), {"process_start": "0:1"})
        runner = LocalRunner()
        assert runner.poll([handle])[handle].state is None
        runner.cancel([handle])
        assert is_running(stranger.pid)
        stranger.kill()


def test_what_does_not_listen_is_killed_after_the_grace(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GRACE_S", 0.2)

    def interrupt(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            os.kill(os.getpid(), signal.SIGINT)

    deaf = place.shell("trap '' INT TERM; echo begun; while :; do sleep 0.05; done")
    status = end_of(watch(LocalRunner(), [deaf], interrupt))
    assert (status.state, status.signal, status.reason) == (State.CANCELLED, signal.SIGKILL, "cancelled by SIGINT")


def test_cancelling_from_elsewhere_kills_what_does_not_listen_with_all_it_started(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "GRACE_S", 0.2)
    monkeypatch.setattr(local, "LEFTOVER_S", 0.1)
    script = "trap '' INT TERM; setsid sleep 300 & echo $! >child; echo begun; while :; do sleep 0.05; done"

    def cancel(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            LocalRunner().cancel([event.handle])

    status = end_of(watch(LocalRunner(), [place.shell(script)], cancel))
    assert (status.state, status.signal) == (State.FAILED, signal.SIGKILL)
    child = int((place.workdir / "child").read_text())
    wait_until(lambda: not is_running(child))


def test_a_command_that_the_system_refuses_is_failed_and_the_others_go_on(place: Place) -> None:
    jobs = [place.job("echo", "x" * 3_000_000), place.shell("exit 0", group=1)]
    told = watch(LocalRunner(), jobs)
    assert [event for event in told if isinstance(event, JobStarted) and event.handle.group == 0] == []
    assert end_of(told).state is State.FAILED
    assert end_of(told).reason == "could not be started: argument list too long"
    assert end_of(told, 1).state is State.FINISHED


def test_a_job_whose_directory_has_vanished_is_failed(place: Place) -> None:
    job = place.shell("exit 0")
    job.storage.rmdir()
    (ended,) = watch(LocalRunner(), [job])
    assert isinstance(ended, JobEnded)
    assert ended.status.reason == "could not be started: no such file or directory"


def test_a_job_whose_working_directory_has_vanished_is_failed(place: Place) -> None:
    place.workdir.rmdir()
    status = end_of(watch(LocalRunner(), [place.shell("exit 0")]))
    assert status.state is State.FAILED
    assert status.exit_code != 0


def test_a_shell_that_is_killed_takes_its_program_along(place: Place) -> None:
    """The shell writes the completion file; without it, nobody would know how the program ended."""
    children: list[int] = []

    def kill_shell(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            children.extend(processes.family(local.MARK, f"{INTENT}:0"))  # the shell, and its program
            os.kill(event.handle.details["leader"], signal.SIGKILL)

    status = end_of(watch(LocalRunner(), [place.waiting()], kill_shell))
    assert (status.state, status.signal) == (State.FAILED, signal.SIGKILL)
    assert len(children) == 2
    wait_until(lambda: not any(map(is_running, children)))


@pytest.fixture
def children_ignored() -> Iterator[None]:
    """Ignore SIGCHLD, as a process that was started so, or that embeds qanat, may do."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("children_ignored")
@pytest.mark.parametrize(("code", "state"), [(0, State.FINISHED), (3, State.FAILED)])
def test_where_children_cannot_be_waited_for_the_completion_file_tells_the_end(
    place: Place, code: int, state: State
) -> None:
    status = end_of(watch(LocalRunner(), [place.shell(f"exit {code}")]))
    assert (status.state, status.exit_code) == (state, code)


@pytest.mark.usefixtures("children_ignored")
def test_where_children_cannot_be_waited_for_a_shell_that_was_killed_is_lost(place: Place) -> None:
    def kill_shell(event: Event) -> None:
        if isinstance(event, JobStarted):
            place.begun()
            os.kill(event.handle.details["leader"], signal.SIGKILL)

    status = end_of(watch(LocalRunner(), [place.waiting()], kill_shell))
    assert (status.state, status.reason) == (State.LOST, "how it ended is unknown: no completion.json")
    wait_until(lambda: not processes.family(local.MARK, f"{INTENT}:0"))


def test_an_ignored_hang_up_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with LocalRunner():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture(params=["dash", "bash", "bash --posix", "busybox sh"])
def shell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have programs started by a shell other than this system's."""
    name = str(request.param)
    path = shutil.which(name.split(maxsplit=1)[0])
    if path is None:
        pytest.skip(f"{name} is not installed")
    # By its name, bash knows that it is to be a POSIX shell, and busybox what it is to be.
    link = tmp_path / ("sh" if " " in name else name)
    link.symlink_to(path)
    monkeypatch.setattr(wrapper, "SHELL", str(link))
    return name


ENDS = {
    "exit 0": (0, None),
    "exit 130": (None, signal.SIGINT),  # no shell tells it from the signal
    "exit 137": (137, None),
    "exit 143": (143, None),
    "exit 192": (192, None),
    "exit 255": (255, None),
    "kill -HUP $$": (None, signal.SIGHUP),
    "kill -INT $$": (None, signal.SIGINT),
    "kill -KILL $$": (None, signal.SIGKILL),
    "kill -PIPE $$": (None, signal.SIGPIPE),
    "kill -SEGV $$": (None, signal.SIGSEGV),
    "kill -TERM $$": (None, signal.SIGTERM),
    "kill -USR1 $$": (None, signal.SIGUSR1),
}


@pytest.mark.usefixtures("shell")
def test_an_exit_code_is_told_from_a_signal_in_any_shell(place: Place) -> None:
    jobs = [place.shell(script, group=group) for group, script in enumerate(ENDS)]
    told = watch(LocalRunner(2), jobs)
    assert {script: (end_of(told, n).exit_code, end_of(told, n).signal) for n, script in enumerate(ENDS)} == ENDS


@pytest.mark.usefixtures("shell")
def test_what_a_shell_says_when_it_starts_is_no_signal(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As bash does about a locale that is missing."""
    noisy = tmp_path / "noisy"
    noisy.write_text(f'#!/bin/sh\necho "cannot change locale" >&2\nexec {shlex.quote(wrapper.SHELL)} "$@"\n')
    noisy.chmod(0o755)
    monkeypatch.setattr(wrapper, "SHELL", str(noisy))
    job = place.shell("exit 137")
    assert end_of(watch(LocalRunner(), [job])).exit_code == 137
    assert (job.storage / "stderr.txt").read_text() == "cannot change locale\n"


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("missing", 127, "missing was not found"),
        ("./missing", 127, "./missing, or the interpreter in its first line, was not found"),
        ("./no-interpreter", 127, "./no-interpreter, or the interpreter in its first line, was not found"),
        ("./not-executable", 126, "./not-executable could not be executed"),
        ("./folder", 126, "./folder could not be executed"),
    ],
)
def test_only_a_program_that_could_not_be_started_was_not_found(
    place: Place, name: str, code: int, reason: str
) -> None:
    (place.workdir / "folder").mkdir()
    (place.workdir / "not-executable").touch()
    (place.workdir / "no-interpreter").write_text("#!/no/such/interpreter\n")
    (place.workdir / "no-interpreter").chmod(0o755)
    job = place.job(name)
    told = watch(LocalRunner(), [job, place.shell(f"missing; exit {code}", group=1)])
    assert (end_of(told).exit_code, end_of(told).reason) == (code, f"exit code {code}: {reason}")
    assert end_of(told, 1).reason == f"exit code {code}"
    assert {path.name for path in job.storage.iterdir()} == {"completion.json", "stdout.txt", "stderr.txt"}
    assert name.removeprefix("./") in (job.storage / "stderr.txt").read_text()


@pytest.mark.usefixtures("shell")
def test_the_completion_file_is_not_written_where_a_programs_link_leads(place: Place, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    kept = tmp_path / "target/kept.txt"
    kept.write_text("kept")
    of_file = place.shell("ln -s ../../target/kept.txt ../storage/0/completion.json; exit 3")
    of_folder = place.shell("mv ../storage/1 ../moved; ln -s ../target ../storage/1; exit 3", group=1)
    pipe = place.shell("mkfifo ../storage/2/completion.json; exit 3", group=2)
    told = watch(LocalRunner(), [of_file, of_folder, pipe])
    assert [end_of(told, group).exit_code for group in range(3)] == [3, 3, 3]
    assert (kept.read_text(), [*kept.parent.iterdir()]) == ("kept", [kept])
    for job in (of_file, pipe):
        left = storage.read_completion(job.storage)
        assert left is not None
        assert left.status.exit_code == 3


def _is_inherited(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # that of the listing itself
        return False


@pytest.mark.usefixtures("shell")
def test_a_program_has_no_descriptors_but_its_own_and_the_default_signal_actions(place: Place) -> None:
    ignored = {signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1}
    inherited = {link.name for link in Path("/proc/self/fd").iterdir() if _is_inherited(int(link.name))}
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        watch(LocalRunner(), [place.shell("ls /proc/self/fd; exec cat /proc/self/status")])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    lines = place.stdout().splitlines()
    numbers = [line for line in lines if line.isdigit()]
    assert len({*numbers} - inherited - {"0", "1", "2"}) == 1  # that of ls
    masks = dict(line.split(":\t") for line in lines if line.startswith("Sig"))
    ours = sum(1 << (number - 1) for number in signal.valid_signals())
    assert [int(masks[key], 16) & ours for key in ("SigBlk", "SigIgn", "SigCgt")] == [0, 0, 0]


@pytest.mark.usefixtures("shell")
def test_the_variables_of_the_shell_are_not_those_of_the_program(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that assigns to an exported variable changes it for what it starts."""
    names = "abcdefghijklmnopqrstuvwxyz"
    for name in names:
        monkeypatch.setenv(name, f"the user's {name}")
    words = " ".join(f'"${name}"' for name in names)
    watch(LocalRunner(), [place.shell(f"printf '%s,' {words}")])
    assert place.stdout() == "".join(f"the user's {name}," for name in names)
