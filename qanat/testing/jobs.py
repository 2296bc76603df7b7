"""How a runner treats jobs: its own methods, called as qanat calls them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace

import pytest

from qanat.domain import times
from qanat.domain.names import name_problem
from qanat.errors import RunnerUnavailable, SubmitFailed, UsageError
from qanat.runners.api import (
    CanHold,
    ChangesOptions,
    ChecksTemplates,
    HasLog,
    JobHandle,
    JobSpec,
    LimitsTime,
    MayRestart,
    Prefetches,
    State,
    SubmitsHeld,
)
from qanat.runners.registry import Registry
from qanat.testing.arguments import NASTY
from qanat.testing.place import Place
from qanat.testing.subject import Subject

OPEN = (State.QUEUED, State.RUNNING)
STRANGER = "0123456789abcdef"
ENDS = {
    "exit 0": (State.FINISHED, 0, None),
    "exit 1": (State.FAILED, 1, None),
    "exit 255": (State.FAILED, 255, None),
    "kill -KILL $$": (State.FAILED, None, signal.SIGKILL),
    "kill -SEGV $$": (State.FAILED, None, signal.SIGSEGV),
    "exec no-such-program": (State.FAILED, 127, None),
}
FORWARDED = ("HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "CONT")
# The program's parent is the shell that waits for it, whose parent is the script that the scheduler started.
CATCHES_SIGNAL = """\
trap 'echo got NAME; exit 137' NAME
read -r x y z script rest </proc/$PPID/stat
echo "$(uname -n) $script" >script_$QANAT_GROUP
echo begun
while [ ! -e gate ]; do sleep 0.02; done
"""


class JobContract(Subject):
    """Tests of a runner without a project."""

    def test_qanat_finds_it_by_its_name(self) -> None:
        runner = self.make()
        assert name_problem(runner.name) == ""
        assert runner.title
        assert type(Registry().submitting(runner.name)) is type(runner)
        assert not Registry().is_in_process(runner.name)
        runner.check()

    # ---- options

    def test_a_good_template_has_no_problems(self) -> None:
        runner = self.make_offering(ChecksTemplates)
        assert runner.key_problems(self.options) == []
        assert runner.problems(self.options) == []
        assert all(isinstance(text, str) for text in runner.warnings(self.options))

    def test_whether_programs_may_be_started_again_is_known(self) -> None:
        assert self.make_offering(MayRestart).may_run_again(self.options) in (True, False)

    def test_options_that_the_runner_sets_itself_are_reported(self) -> None:
        runner = self.make_offering(ChecksTemplates)
        for key, value in self.refused.items():
            for found in (runner.key_problems({key: value}), runner.problems({key: value})):
                assert found
                assert key in found[0]

    def test_options_can_be_replaced_and_multiplied(self) -> None:
        runner, options = self.make_offering(ChangesOptions), {"amount": "4G", "other": 1}
        assert dict(runner.changed(options, {"amount": "6G"})) == {"amount": "6G", "other": 1}
        assert dict(runner.changed(options, {"amount": "2x", "new": "3"})) == {"amount": "8G", "other": 1, "new": "3"}
        assert options == {"amount": "4G", "other": 1}
        with pytest.raises(UsageError):
            runner.changed(options, {"missing": "2x"})

    def test_a_time_limit_takes_the_place_of_any_other(self) -> None:
        runner = self.make_offering(LimitsTime)
        hour = runner.limited(self.options, 3_600)
        minute = runner.limited(hour, 60)
        assert hour != minute
        assert hour.keys() == minute.keys() >= self.options.keys()
        if isinstance(runner, ChecksTemplates):
            assert runner.problems(minute) == []

    # ---- submitting

    def test_what_would_be_submitted_can_be_shown_without_doing_anything(self, place: Place) -> None:
        runner = self.make()
        if isinstance(runner, Prefetches):
            runner.prefetch()
        batch = place.batch(place.shell("touch rendered"), place.job("echo", *NASTY, group=1))
        text = runner.render(batch)
        assert text == self.make().render(batch)
        assert "touch rendered" in text
        assert place.files() == []
        assert list(place.folder.iterdir()) == []
        assert runner.find(batch.intent, [0, 1], "2000-01-01T00:00:00+00:00") is None

    def test_arguments_arrive_unchanged_and_none_is_executed(self, place: Place) -> None:
        script = 'printf "%s\\0" "$@"; pwd'
        one, two = (
            place.job("/bin/sh", "-c", script, "sh", *arguments, group=g) for g, arguments in enumerate((NASTY, "ab"))
        )
        place.submit(self.make(), one, two)
        for group, arguments in ((0, NASTY), (1, "ab")):
            assert place.wait_until_ended(group).status.state is State.FINISHED
            assert place.stdout(group).split("\0") == [*arguments, f"{place.workdir}\n"]
        assert place.files() == []
        assert not list(place.folder.rglob("pwned"))

    def test_a_job_has_its_variables_and_an_empty_stdin(self, place: Place) -> None:
        value = "it's $(touch pwned)\n`x`"
        script = 'printf "%s|" "$NASTY" "$QANAT_GROUP" "$QANAT_STORAGE_PATH" "$(cat)"; echo complaint >&2'
        place.submit(self.make(), place.shell(script, group=3, environment={"NASTY": value}, info="command: sh\n"))
        assert place.wait_until_ended(3).status.state is State.FINISHED
        assert place.stdout(3) == f"{value}|3|{place.storage(3)}||"
        assert (place.storage(3) / "stderr.txt").read_text() == "complaint\n"
        assert (place.storage(3) / "group_info.yaml").read_text() == "command: sh\n"

    def test_completion_files_say_how_programs_ended_and_poll_agrees(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, *(place.shell(script, group=g) for g, script in enumerate(ENDS)))
        assert len(set(submitted.handles)) == len({handle.job for handle in submitted.all}) == len(ENDS)
        for group, (state, code, number) in enumerate(ENDS.values()):
            left = place.wait_until_ended(group)
            assert (left.status.state, left.status.exit_code, left.status.signal) == (state, code, number)
            assert left.attempt == 1
        told = place.wait_for_states(runner, submitted.all, None, State.FINISHED, State.FAILED)
        for status, (state, _, _) in zip(told, ENDS.values(), strict=True):
            assert status.state in (None, state)
            assert status.state is None or times.is_timestamp(status.ended), "without it, qanat would wait forever"

    def test_signals_to_a_jobs_script_reach_its_program_and_its_end_is_written(self, place: Place) -> None:
        jobs = [place.shell(CATCHES_SIGNAL.replace("NAME", name), group=group) for group, name in enumerate(FORWARDED)]
        place.submit(self.make(), *jobs)
        place.wait_until_started(*range(len(jobs)))
        for group, name in enumerate(FORWARDED):
            host, script = (place.workdir / f"script_{group}").read_text().split()
            if host != os.uname().nodename:
                place.open_gate()
                pytest.skip("the jobs run on another machine")
            os.kill(int(script), signal.Signals[f"SIG{name}"])
        for group, name in enumerate(FORWARDED):
            left = place.wait_until_ended(group).status
            assert (left.exit_code, left.signal, place.stdout(group)) == (137, None, f"begun\ngot {name}\n")

    def test_output_is_kept_byte_for_byte(self, place: Place) -> None:
        data = bytes(range(256))
        (place.workdir / "data").write_bytes(data)
        place.submit(self.make(), place.shell("cat data data; cat data >&2"))
        place.wait_until_ended()
        assert (place.storage() / "stdout.txt").read_bytes() == data * 2
        assert (place.storage() / "stderr.txt").read_bytes() == data

    def test_only_some_groups_can_be_submitted_as_another_attempt(self, place: Place) -> None:
        jobs = [place.shell("echo $QANAT_GROUP", group=group, attempt=group) for group in (2, 3, 7)]
        submitted = place.submit(self.make(), *jobs)
        assert sorted(submitted.handles) == [2, 3, 7]
        for group in (2, 3, 7):
            assert place.wait_until_ended(group).attempt == group
            assert place.stdout(group) == f"{group}\n"

    def test_no_more_jobs_run_at_once_than_allowed(self, place: Place) -> None:
        script = "mkdir busy || exit 9; sleep 0.2; rmdir busy"
        place.submit(self.make(), *(place.shell(script, group=g) for g in range(3)), max_running=1)
        assert [place.wait_until_ended(group).status.exit_code for group in range(3)] == [0, 0, 0]

    def test_what_the_scheduler_refuses_is_not_queued(self, place: Place) -> None:
        if self.impossible is None:
            pytest.skip("the subclass sets no options that the scheduler refuses: impossible")
        runner = self.make()
        batch = place.batch(place.shell("exit 0"), place.shell("exit 0", group=1), options=self.impossible)
        with pytest.raises(SubmitFailed):
            runner.submit(batch)
        assert runner.find(batch.intent, [0, 1], "2000-01-01T00:00:00+00:00") is None

    # ---- finding and polling

    def test_jobs_are_found_by_their_intent_and_by_no_other(self, place: Place) -> None:
        submitted = place.submit(self.make(), place.gated(), place.shell("exit 0", group=1))
        names = {group: handle.job for group, handle in submitted.handles.items()}
        intent, since = submitted.batch.intent, submitted.since
        place.wait_until_started()
        place.wait_until_ended(1)
        found = self.make().find(intent, [0, 1], since)
        assert found is not None
        assert found.jobs == names
        assert self.make().find(STRANGER, [0, 1], since) is None
        place.open_gate()
        place.wait_until_ended()
        place.wait_for_states(self.make(), submitted.all, None, State.FINISHED)
        # A job that has left the queue may be forgotten: its completion file has the rest.
        again = self.make().find(intent, [0, 1], since)
        assert again is None or again.jobs == names

    def test_every_handle_gets_an_answer_and_an_unknown_one_is_unseen(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, place.gated(), place.gated(group=1))
        place.wait_until_started(0, 1)
        strangers = [
            JobHandle(submitted.batch.intent, 5),
            replace(submitted[0], intent=STRANGER),
            replace(submitted[1], intent=STRANGER, details={**submitted[1].details, "intent": STRANGER}),
        ]
        place.wait_for_states(runner, submitted.all, State.RUNNING)
        asked = [*strangers, *submitted.all]
        seen = self.make().poll(asked)
        assert set(seen.statuses) == set(asked)
        assert [seen.statuses[handle].state for handle in asked] == [None] * 3 + [State.RUNNING] * 2
        assert dict(runner.poll([]).statuses) == {}
        if isinstance(runner, HasLog):
            assert all(isinstance(runner.scheduler_log(place.folder, hs), str) for hs in ([], submitted.all))
        place.open_gate()

    # ---- cancelling and holding

    def test_cancel_ends_just_these_jobs_and_accepts_one_that_has_ended(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, place.gated(), place.shell("exit 0", group=1), place.gated(group=2))
        place.wait_until_started(0, 2)
        place.wait_until_ended(1)
        runner.cancel([submitted[0], submitted[1]])
        place.wait_for_states(self.make(), [submitted[0]], State.CANCELLED)
        assert runner.poll([submitted[2]]).statuses[submitted[2]].state is State.RUNNING
        runner.cancel([submitted[0], submitted[1]])
        place.open_gate()
        assert place.wait_until_ended(2).status.state is State.FINISHED
        assert not (place.storage() / "completion.json").exists()

    def test_jobs_that_do_not_carry_the_intent_of_a_handle_are_not_acted_on(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, place.gated())
        place.wait_until_started()
        stranger = replace(submitted[0], intent=STRANGER, details={**submitted[0].details, "intent": STRANGER})
        for act in (runner.cancel, *((runner.hold, runner.release) if isinstance(runner, CanHold) else ())):
            with suppress(UsageError):
                act([stranger])
        assert runner.poll(submitted.all).statuses[submitted[0]].state is State.RUNNING
        place.open_gate()
        assert place.wait_until_ended().status.state is State.FINISHED

    def test_a_waiting_job_can_be_cancelled_and_never_starts(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, *self._waiting(place))
        place.wait_for_states(runner, submitted.all, State.QUEUED)
        runner.cancel(submitted.all)
        place.wait_for_states(self.make(), submitted.all, State.CANCELLED)
        assert [place.stdout(group) for group in (0, 1)] == ["", ""]

    def test_a_job_can_be_held_and_released(self, place: Place) -> None:
        runner, holding = self.make(), self.make_offering(CanHold)
        submitted = place.submit(runner, *self._waiting(place))
        try:
            holding.hold([submitted[0]])
        except UsageError as error:
            runner.cancel(submitted.all)
            pytest.skip(f"this runner cannot hold jobs: {error.message}")
        place.wait_for_states(self.make(), [submitted[0]], State.HELD)
        place.wait_for_states(runner, [submitted[1]], State.QUEUED)
        holding.release([submitted[0]])
        place.wait_for_states(self.make(), submitted.all, *OPEN)
        runner.cancel(submitted.all)
        place.wait_for_states(runner, submitted.all, State.CANCELLED)

    @pytest.mark.parametrize("max_running", [None, 1])
    def test_jobs_that_are_submitted_as_held_start_when_they_are_released(
        self, place: Place, max_running: int | None
    ) -> None:
        runner = self.make_offering(SubmitsHeld)
        jobs = [place.shell("exit 0", group=group) for group in (0, 1)]
        submitted = place.submit(runner, *jobs, max_running=max_running, held=True)
        place.wait_for_states(self.make(), submitted.all, State.HELD)
        assert not place.storage().exists()
        runner.release(submitted.all)
        assert [place.wait_until_ended(group).status.state for group in (0, 1)] == [State.FINISHED] * 2

    @pytest.mark.parametrize("max_running", [None, 1])
    def test_jobs_that_are_submitted_as_held_can_be_cancelled(self, place: Place, max_running: int | None) -> None:
        runner = self.make_offering(SubmitsHeld)
        jobs = [place.shell("exit 0", group=group) for group in (0, 1)]
        submitted = place.submit(runner, *jobs, max_running=max_running, held=True)
        place.wait_for_states(self.make(), submitted.all, State.HELD)
        runner.cancel(submitted.all)
        place.wait_for_states(self.make(), submitted.all, State.CANCELLED)
        assert not place.storage().exists()

    def _waiting(self, place: Place) -> list[JobSpec]:
        """Return two jobs, having given their place options that keep them in the queue."""
        if self.waiting is None:
            pytest.skip("the subclass sets no options that keep a job in the queue: waiting")
        place.options = {**self.options, **self.waiting}
        return [place.gated(), place.gated(group=1)]

    # ---- unreachable

    def test_an_unreachable_scheduler_is_reported_and_no_job_counts_as_ended(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        submitted = place.submit(self.make(), place.gated())
        place.wait_until_started()
        runner, batch = self.make(), replace(place.batch(place.shell("exit 0")), folder=place.folder / "second")
        batch.folder.mkdir()
        with monkeypatch.context() as patch:
            self.make_unreachable(patch)
            seen = runner.poll(submitted.all)
            assert seen.problem
            assert seen.statuses[submitted[0]].state in (None, State.RUNNING)
            for act in (runner.check, lambda: runner.submit(batch), lambda: runner.cancel(submitted.all)):
                with pytest.raises(RunnerUnavailable):
                    act()
            with pytest.raises(RunnerUnavailable):
                runner.find(batch.intent, [0], submitted.since)
        place.open_gate()
        place.wait_until_ended()

    def test_generated_files_are_told_apart_from_the_programs_own(self, place: Place) -> None:
        runner = self.make()
        place.submit(runner, place.shell("echo out"))
        place.wait_until_ended()
        programs = {"stdout.txt", "stderr.txt", "group_0"}
        left = {path.name for folder in (place.folder, place.storage()) for path in folder.iterdir()}
        assert left - programs <= Registry().generated_files(runner.name)
