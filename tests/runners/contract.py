"""What every attached runner must do: subclass InProcessRunnerContract in a runner's tests."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain import completion
from qanat.domain.job import JobEnded, JobHandle, JobSpec, JobStarted, JobStatus
from qanat.domain.run import State
from qanat.domain.times import parse
from qanat.records import storage
from qanat.runners.protocol import InProcessRunner
from qanat.testing.arguments import FOLDER, NASTY
from tests.support.sandbox import wait_until

# One for each process: tests of another worker must not be taken for the family of this one's jobs.
INTENT = secrets.token_hex(8)
Event = JobStarted | JobEnded | None
SIGNALS = ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "CONT")
# Ends with the number of signals that arrive within a while.
COUNT_SIGNAL = """
import signal, sys, time
came = []
signal.signal(signal.Signals[sys.argv[1]], lambda number, frame: came.append(number))
print("begun", flush=True)
while not came:
    time.sleep(0.01)
time.sleep(0.1)
sys.exit(len(came))
"""
SAY_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"


class Place:
    """A working directory, and jobs whose storage directories are in it."""

    def __init__(self, folder: Path) -> None:
        self.workdir = folder / "work"
        self.workdir.mkdir(parents=True)
        self._storage = folder / "storage"

    def job(self, *command: str, group: int = 0, environment: dict[str, str] | None = None) -> JobSpec:
        """Return a job with this command, and create its storage directory."""
        own = self._storage / str(group)
        own.mkdir(parents=True, exist_ok=True)
        return JobSpec(group, command, self.workdir, own, environment or {})

    def shell(self, script: str, *, group: int = 0) -> JobSpec:
        """Return a job that runs a shell script."""
        return self.job("sh", "-c", script, group=group)

    def waiting(self, *, group: int = 0) -> JobSpec:
        """Return a job that reports that it has started, and does not end by itself for a long time."""
        return self.shell("echo begun; exec sleep 300", group=group)

    def stdout(self, group: int = 0) -> str:
        """Return what a job has written to stdout."""
        return (self._storage / str(group) / "stdout.txt").read_text()

    def begun(self, group: int = 0) -> None:
        """Wait until a waiting job has started."""
        wait_until(lambda: (self._storage / str(group) / "stdout.txt").exists() and self.stdout(group) == "begun\n")

    def names(self) -> list[str]:
        """List the names in the working directory."""
        return sorted(path.name for path in self.workdir.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a folder with a name that is hard on scripts."""
    return Place(tmp_path / FOLDER)


def watch(
    runner: InProcessRunner, jobs: Sequence[JobSpec], then: Callable[[Event], object] | None = None
) -> list[Event]:
    """Run jobs to their ends and list the events; `then` is called with each one."""
    told: list[Event] = []
    with runner:
        for event in runner.watch(INTENT, jobs):
            if then:
                then(event)
            if event is not None:
                told.append(event)
    return told


def end_of(told: Sequence[Event], group: int = 0) -> JobStatus:
    """Return how a group ended, which must have been reported exactly once."""
    (status,) = [event.status for event in told if isinstance(event, JobEnded) and event.group == group]
    return status


def started_groups(told: Sequence[Event]) -> list[int]:
    return [event.handle.group for event in told if isinstance(event, JobStarted)]


class InProcessRunnerContract:
    """Tests for one attached runner; `make` returns a new one with this many slots."""

    def make(self, slots: int = 1) -> InProcessRunner:
        """Return a runner."""
        raise NotImplementedError

    def test_it_has_a_name_and_can_be_used_here(self) -> None:
        runner = self.make()
        assert runner.name
        runner.check()

    def test_no_jobs_are_no_news(self) -> None:
        assert watch(self.make(), []) == []

    def test_a_job_is_told_as_started_and_then_as_ended(self, place: Place) -> None:
        started, ended = watch(self.make(), [place.shell("exit 0", group=3)])
        assert isinstance(started, JobStarted)
        assert (started.handle.intent, started.handle.group) == (INTENT, 3)
        assert started.handle.job
        assert isinstance(ended, JobEnded)
        assert ended.group == 3
        assert (ended.status.state, ended.status.exit_code, ended.status.signal) == (State.FINISHED, 0, None)
        assert ended.status.reason == ""
        assert ended.status.ended is not None
        assert parse(started.timestamp) <= parse(ended.status.ended)

    @pytest.mark.parametrize("code", [1, 3, 99, 125, 255])
    def test_an_exit_code_is_told_and_left_behind(self, place: Place, code: int) -> None:
        job = place.shell(f"exit {code}")
        status = end_of(watch(self.make(), [job]))
        assert (status.state, status.exit_code, status.reason) == (State.FAILED, code, f"exit code {code}")
        left = storage.read_completion(job.storage)
        assert left is not None
        assert (left.attempt, left.status.state, left.status.exit_code) == (1, State.FAILED, code)

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_a_program_that_dies_of_a_signal_is_failed_and_the_signal_is_told(
        self, place: Place, number: signal.Signals
    ) -> None:
        job = place.shell(f"kill -{number.value} $$")
        status = end_of(watch(self.make(), [job]))
        assert (status.state, status.exit_code, status.signal) == (State.FAILED, None, number)
        # An exit code of 130 or 141 looks the same to a shell.
        assert status.reason.partition(", or with exit code")[0] == f"ended by {number.name}"
        left = storage.read_completion(job.storage)
        assert left is not None
        assert left.status.signal == number

    @pytest.mark.parametrize("name", SIGNALS)
    def test_a_signal_to_a_job_reaches_its_program_which_goes_on(self, place: Place, name: str) -> None:
        def send(event: Event) -> None:
            if isinstance(event, JobStarted):
                place.begun()
                os.kill(int(event.handle.job or 0), signal.Signals[f"SIG{name}"])

        script = f"trap 'echo got {name}; exit 5' {name}; echo begun; while :; do sleep 0.01; done"
        status = end_of(watch(self.make(), [place.shell(script)], send))
        assert (status.state, status.exit_code, status.signal) == (State.FAILED, 5, None)
        assert place.stdout() == f"begun\ngot {name}\n"

    @pytest.mark.parametrize("name", SIGNALS)
    def test_a_signal_to_the_processes_of_a_job_reaches_its_program_once(self, place: Place, name: str) -> None:
        def send(event: Event) -> None:
            if isinstance(event, JobStarted):
                place.begun()
                os.killpg(os.getpgid(int(event.handle.job or 0)), signal.Signals[f"SIG{name}"])

        status = end_of(watch(self.make(), [place.job(sys.executable, "-c", COUNT_SIGNAL, f"SIG{name}")], send))
        assert (status.state, status.exit_code) == (State.FAILED, 1)

    def test_a_program_that_is_not_there_is_failed_and_the_others_go_on(self, place: Place) -> None:
        missing = place.job("no such program")
        told = watch(self.make(), [missing, place.shell("exit 0", group=1)])
        assert (end_of(told).state, end_of(told).exit_code) == (State.FAILED, 127)
        assert end_of(told).reason == "exit code 127: no such program was not found"
        left = storage.read_completion(missing.storage, missing.command)
        assert left is not None
        assert left.status.reason == end_of(told).reason
        assert end_of(told, 1).state is State.FINISHED

    def test_the_completion_file_says_which_attempt_it_is_of(self, place: Place) -> None:
        job = replace(place.shell("exit 0"), attempt=3)
        watch(self.make(), [job])
        left = storage.read_completion(job.storage)
        assert left is not None
        assert left.attempt == 3
        assert [path.name for path in job.storage.iterdir() if path.name.startswith(".")] == []
        assert (job.storage / completion.COMPLETION).is_file()

    def test_a_job_works_in_its_folder_with_its_environment_and_nothing_to_read(self, place: Place) -> None:
        script = 'pwd; printf "%s|" "$NASTY" "$HOME" "$(cat)"'
        value = "it's $(touch pwned)\n`x`"
        job = place.job("sh", "-c", script, environment={"NASTY": value})
        assert end_of(watch(self.make(), [job])).state is State.FINISHED
        assert place.stdout() == f"{place.workdir}\n{value}|{os.environ['HOME']}||"

    def test_arguments_arrive_unchanged_and_none_is_executed(self, place: Place) -> None:
        job = place.job(sys.executable, "-c", SAY_ARGUMENTS, *NASTY)
        assert end_of(watch(self.make(), [job])).state is State.FINISHED
        assert json.loads(place.stdout()) == list(NASTY)
        assert place.names() == []

    def test_output_goes_into_files_byte_for_byte(self, place: Place) -> None:
        data = bytes(range(256))
        (place.workdir / "data").write_bytes(data)
        job = place.shell("cat data; cat data data >&2")
        watch(self.make(), [job])
        assert (job.storage / "stdout.txt").read_bytes() == data
        assert (job.storage / "stderr.txt").read_bytes() == data * 2

    def test_each_job_is_told_once_and_no_more_run_than_there_are_slots(self, place: Place) -> None:
        running = set()
        most = 0

        def count(event: Event) -> None:
            nonlocal most
            if isinstance(event, JobStarted):
                running.add(event.handle.group)
            elif isinstance(event, JobEnded):
                running.remove(event.group)
            most = max(most, len(running))

        told = watch(self.make(2), [place.shell("exit 0", group=g) for g in range(7)], count)
        assert started_groups(told) == list(range(7))
        assert sorted(e.group for e in told if isinstance(e, JobEnded)) == list(range(7))
        assert most == 2
        assert running == set()

    def test_time_passes_while_nothing_happens(self, place: Place) -> None:
        passed = 0

        def release(event: Event) -> None:
            nonlocal passed
            passed += event is None
            if passed == 2:
                (place.workdir / "gate").touch()

        job = place.shell("while [ ! -e gate ]; do sleep 0.01; done")
        assert end_of(watch(self.make(), [job], release)).state is State.FINISHED
        assert passed >= 2

    def test_start_no_more_tells_the_rest_as_cancelled(self, place: Place) -> None:
        runner = self.make()

        def halt(event: Event) -> None:
            if isinstance(event, JobEnded) and event.status.state is State.FAILED:
                runner.start_no_more()

        jobs = [place.shell("exit 0"), place.shell("exit 1", group=1), place.waiting(group=2), place.waiting(group=3)]
        told = watch(runner, jobs, halt)
        assert started_groups(told) == [0, 1]
        for group in (2, 3):
            assert end_of(told, group).state is State.CANCELLED
            assert end_of(told, group).reason == "not started: an earlier group had failed"
        assert runner.interrupted is None

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_an_interrupt_ends_what_runs_and_tells_what_had_not_begun_as_cancelled(
        self, place: Place, number: signal.Signals
    ) -> None:
        runner = self.make(2)
        before = signal.getsignal(number)

        def interrupt(event: Event) -> None:
            if isinstance(event, JobStarted) and event.handle.group == 1:
                place.begun(0)
                place.begun(1)
                os.kill(os.getpid(), number)

        told = watch(runner, [place.waiting(group=g) for g in range(4)], interrupt)
        assert runner.interrupted == number
        assert started_groups(told) == [0, 1]
        states = [(end_of(told, g).state, end_of(told, g).reason) for g in range(4)]
        assert states[:2] == [(State.CANCELLED, f"cancelled by {number.name}")] * 2
        assert states[2:] == [(State.CANCELLED, "cancelled before it started")] * 2
        assert signal.getsignal(number) == before

    def test_a_call_interrupts_as_a_signal_does_and_this_process_receives_none(self, place: Place) -> None:
        runner = self.make()

        def interrupt(event: Event) -> None:
            if isinstance(event, JobStarted):
                place.begun()
                runner.interrupt(signal.SIGTERM)

        told = watch(runner, [place.waiting(), place.waiting(group=1)], interrupt)
        assert runner.interrupted == signal.SIGTERM
        assert (end_of(told, 0).state, end_of(told, 0).reason) == (State.CANCELLED, "cancelled by SIGTERM")
        assert end_of(told, 1).reason == "cancelled before it started"

    def test_jobs_run_in_any_thread_and_several_runners_beside_each_other(self, place: Place) -> None:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
        seen: list[object] = []

        def look(event: Event) -> None:
            seen.append([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])

        jobs = [place.shell(f"exit {group}", group=group) for group in range(4)]
        with ThreadPoolExecutor(len(jobs)) as threads:
            told = list(threads.map(lambda job: watch(self.make(), [job], look), jobs))
        assert [end_of(events, group).exit_code for group, events in enumerate(told)] == [0, 1, 2, 3]
        assert all(now == handlers for now in seen)

    def test_a_thread_is_interrupted_by_a_call(self, place: Place) -> None:
        runner = self.make()
        with ThreadPoolExecutor(1) as threads:
            told = threads.submit(watch, runner, [place.waiting()])
            place.begun()
            runner.interrupt(signal.SIGTERM)
            assert end_of(told.result()).state is State.CANCELLED

    def test_other_children_of_this_process_are_left_to_whoever_started_them(self, place: Place) -> None:
        with subprocess.Popen(["sh", "-c", "exit 7"]) as other:
            # It has ended, and nobody has collected it.
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
            assert end_of(watch(self.make(), [place.shell("exit 0")])).state is State.FINISHED
            assert other.wait() == 7

    def test_a_job_that_had_ended_when_the_interrupt_came_has_ended_by_itself(self, place: Place) -> None:
        runner = self.make()

        def interrupt(event: Event) -> None:
            if isinstance(event, JobStarted):
                wait_until(lambda: runner.poll([event.handle])[event.handle].state is None)
                os.kill(os.getpid(), signal.SIGINT)

        told = watch(runner, [place.shell("exit 0"), place.waiting(group=1)], interrupt)
        assert end_of(told, 0).state is State.FINISHED
        assert end_of(told, 1).state is State.CANCELLED

    def test_a_job_that_ends_well_because_of_the_interrupt_is_cancelled(self, place: Place) -> None:
        def interrupt(event: Event) -> None:
            if isinstance(event, JobStarted):
                place.begun()
                os.kill(os.getpid(), signal.SIGINT)

        script = "trap 'exit 0' INT; echo begun; while :; do sleep 0.01; done"
        status = end_of(watch(self.make(), [place.shell(script)], interrupt))
        assert (status.state, status.exit_code) == (State.CANCELLED, 0)

    def test_every_handle_gets_an_answer_and_an_unknown_one_is_unseen(self, place: Place) -> None:
        runner = self.make()
        answers: list[dict[JobHandle, JobStatus]] = []
        strangers = [
            JobHandle("another intent", 0),
            JobHandle(INTENT, 5),
            JobHandle(INTENT, 6, str(os.getpid()), {"process_start": "0:1"}),
        ]

        def ask(event: Event) -> None:
            if isinstance(event, JobStarted):
                place.begun()
                # By its name, and from another process that has lost it: by its intent.
                known = [event.handle, JobHandle(INTENT, event.handle.group)]
                answers.append(self.make().poll([*known, *strangers]))
                assert list(answers[0]) == [*known, *strangers]
                assert [answers[0][handle].state for handle in known] == [State.RUNNING] * 2
                self.make().cancel([event.handle])

        (started, _) = watch(runner, [place.waiting()], ask)
        assert isinstance(started, JobStarted)
        assert [answers[0][stranger].state for stranger in strangers] == [None] * 3
        assert runner.poll([started.handle])[started.handle].state is None
        assert runner.poll([]) == {}

    def test_cancel_ends_jobs_of_another_process_and_one_that_has_ended_is_no_error(self, place: Place) -> None:
        def cancel(event: Event) -> None:
            if isinstance(event, JobStarted) and event.handle.group == 1:
                place.begun(1)
                self.make().cancel([event.handle, *ended])
            elif isinstance(event, JobStarted):
                ended.append(event.handle)

        ended: list[JobHandle] = []
        told = watch(self.make(), [place.shell("exit 0"), place.waiting(group=1)], cancel)
        assert end_of(told, 0).state is State.FINISHED
        assert (end_of(told, 1).state, end_of(told, 1).signal) == (State.FAILED, signal.SIGTERM)

    def test_render_shows_every_command_and_does_nothing(self, place: Place) -> None:
        jobs = [place.shell("touch rendered", group=0), place.job("echo", *NASTY, group=1)]
        text = self.make().render(jobs)
        assert "touch rendered" in text
        assert "'$(touch pwned)'" in text
        assert place.names() == []
        assert list(jobs[0].storage.iterdir()) == []

    def test_a_caller_that_gives_up_leaves_nothing_running(self, place: Place) -> None:
        runner = self.make()
        with runner:
            events: Iterator[Event] = runner.watch(INTENT, [place.waiting()])
            started = next(events)
            assert isinstance(started, JobStarted)
            place.begun()
            events.close()  # type: ignore[attr-defined]
        wait_until(lambda: runner.poll([started.handle])[started.handle].state is None)
