"""What a runner does with jobs: its own methods, called as qanat calls them."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from qanat.domain import times
from qanat.domain.names import name_problem
from qanat.errors import RunnerUnavailable, SubmitFailed, UsageError
from qanat.runners.api import JobHandle, JobSpec, State
from qanat.runners.registry import RUNNERS
from qanat.testing.place import Place
from qanat.testing.subject import Subject
from qanat.testing.words import NASTY

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


class JobContract(Subject):
    """Tests of a runner without a project."""

    def test_qanat_finds_it_by_its_name(self) -> None:
        runner = self.make()
        assert name_problem(runner.name) == ""
        assert runner.title
        assert type(RUNNERS.submitting(runner.name)) is type(runner)
        assert not RUNNERS.is_attached(runner.name)
        runner.check()

    # ---- options

    def test_options_of_a_good_template_are_no_problem(self) -> None:
        runner = self.make()
        assert runner.key_problems(self.options) == []
        assert runner.problems(self.options) == []
        assert all(isinstance(said, str) for said in runner.warnings(self.options))
        assert runner.may_run_again(self.options) in (True, False)

    def test_options_that_the_runner_sets_itself_are_named(self) -> None:
        runner = self.make()
        for key, value in self.refused.items():
            for found in (runner.key_problems({key: value}), runner.problems({key: value})):
                assert found
                assert key in found[0]

    def test_options_can_be_set_anew_and_multiplied(self) -> None:
        runner, options = self.make(), {"amount": "4G", "other": 1}
        assert dict(runner.changed(options, {"amount": "6G"})) == {"amount": "6G", "other": 1}
        assert dict(runner.changed(options, {"amount": "2x", "new": "3"})) == {"amount": "8G", "other": 1, "new": "3"}
        assert options == {"amount": "4G", "other": 1}
        with pytest.raises(UsageError):
            runner.changed(options, {"missing": "2x"})

    # ---- submitting

    def test_what_would_be_submitted_can_be_shown_without_doing_anything(self, place: Place) -> None:
        runner = self.make()
        runner.get_ready()
        batch = place.batch(place.shell("touch rendered"), place.job("echo", *NASTY, group=1))
        text = runner.render(batch)
        assert text == self.make().render(batch)
        assert "touch rendered" in text
        assert place.names() == []
        assert list(place.folder.iterdir()) == []
        assert runner.find(batch.intent, [0, 1], "2000-01-01T00:00:00+00:00") is None

    def test_words_arrive_as_they_are_and_none_is_executed(self, place: Place) -> None:
        script = 'printf "%s\\0" "$@"; pwd'
        one, two = (place.job("/bin/sh", "-c", script, "sh", *words, group=g) for g, words in enumerate((NASTY, "ab")))
        place.submit(self.make(), one, two)
        for group, words in ((0, NASTY), (1, "ab")):
            assert place.ended(group).status.state is State.FINISHED
            assert place.stdout(group).split("\0") == [*words, f"{place.workdir}\n"]
        assert place.names() == []
        assert not list(place.folder.rglob("pwned"))

    def test_a_job_finds_its_variables_and_nothing_to_read(self, place: Place) -> None:
        value = "it's $(touch pwned)\n`x`"
        script = 'printf "%s|" "$NASTY" "$QANAT_GROUP" "$(cat)"; echo complaint >&2'
        place.submit(self.make(), place.shell(script, group=3, environment={"NASTY": value}, info="command: sh\n"))
        assert place.ended(3).status.state is State.FINISHED
        assert place.stdout(3) == f"{value}|3||"
        assert (place.storage(3) / "stderr.txt").read_text() == "complaint\n"
        assert (place.storage(3) / "group_info.yaml").read_text() == "command: sh\n"

    def test_how_each_program_ended_is_in_its_completion_file_and_no_other_end_is_told(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, *(place.shell(script, group=g) for g, script in enumerate(ENDS)))
        assert len(set(submitted.handles)) == len({handle.job for handle in submitted.all}) == len(ENDS)
        for group, (state, code, number) in enumerate(ENDS.values()):
            left = place.ended(group)
            assert (left.status.state, left.status.exit_code, left.status.signal) == (state, code, number)
            assert left.attempt == 1
        told = place.comes_to(runner, submitted.all, None, State.FINISHED, State.FAILED)
        for status, (state, _, _) in zip(told, ENDS.values(), strict=True):
            assert status.state in (None, state)
            assert status.state is None or times.is_moment(status.ended), "without it, qanat waits for ever"

    def test_output_is_kept_byte_for_byte(self, place: Place) -> None:
        data = bytes(range(256))
        (place.workdir / "data").write_bytes(data)
        place.submit(self.make(), place.shell("cat data data; cat data >&2"))
        place.ended()
        assert (place.storage() / "stdout.txt").read_bytes() == data * 2
        assert (place.storage() / "stderr.txt").read_bytes() == data

    def test_only_some_groups_can_be_submitted_as_another_attempt(self, place: Place) -> None:
        jobs = [place.shell("echo $QANAT_GROUP", group=group, attempt=group) for group in (2, 3, 7)]
        submitted = place.submit(self.make(), *jobs)
        assert sorted(submitted.handles) == [2, 3, 7]
        for group in (2, 3, 7):
            assert place.ended(group).attempt == group
            assert place.stdout(group) == f"{group}\n"

    def test_no_more_run_at_the_same_time_than_are_allowed(self, place: Place) -> None:
        script = "mkdir busy || exit 9; sleep 0.2; rmdir busy"
        place.submit(self.make(), *(place.shell(script, group=g) for g in range(3)), max_running=1)
        assert [place.ended(group).status.exit_code for group in range(3)] == [0, 0, 0]

    def test_what_the_scheduler_refuses_is_not_queued(self, place: Place) -> None:
        if self.impossible is None:
            pytest.skip("no options that the scheduler refuses are given: impossible")
        runner = self.make()
        batch = place.batch(place.shell("exit 0"), place.shell("exit 0", group=1), options=self.impossible)
        with pytest.raises(SubmitFailed):
            runner.submit(batch)
        assert runner.find(batch.intent, [0, 1], "2000-01-01T00:00:00+00:00") is None

    # ---- finding and asking

    def test_jobs_are_found_by_their_intent_and_by_no_other(self, place: Place) -> None:
        submitted = place.submit(self.make(), place.gated(), place.shell("exit 0", group=1))
        names = {group: handle.job for group, handle in submitted.handles.items()}
        intent, since = submitted.batch.intent, submitted.since
        place.begun()
        place.ended(1)
        found = self.make().find(intent, [0, 1], since)
        assert found is not None
        assert found.jobs == names
        assert self.make().find(STRANGER, [0, 1], since) is None
        place.open_gate()
        place.ended()
        place.comes_to(self.make(), submitted.all, None, State.FINISHED)
        # What has left the queue may be forgotten: its completion file tells the rest.
        again = self.make().find(intent, [0, 1], since)
        assert again is None or again.jobs == names

    def test_every_handle_is_answered_and_one_that_is_not_known_is_unseen(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, place.gated(), place.gated(group=1))
        place.begun(0, 1)
        strangers = [
            JobHandle(submitted.batch.intent, 5),
            replace(submitted[0], intent=STRANGER),
            replace(submitted[1], intent=STRANGER, details={**submitted[1].details, "intent": STRANGER}),
        ]
        place.comes_to(runner, submitted.all, State.RUNNING)
        asked = [*strangers, *submitted.all]
        seen = self.make().poll(asked)
        assert set(seen.statuses) == set(asked)
        assert [seen.statuses[handle].state for handle in asked] == [None] * 3 + [State.RUNNING] * 2
        assert dict(runner.poll([]).statuses) == {}
        assert all(isinstance(runner.scheduler_log(place.folder, hs), str) for hs in ([], submitted.all))
        place.open_gate()

    # ---- acting

    def test_cancel_ends_the_jobs_that_are_named_and_one_that_has_ended_is_no_error(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, place.gated(), place.shell("exit 0", group=1), place.gated(group=2))
        place.begun(0, 2)
        place.ended(1)
        runner.cancel([submitted[0], submitted[1]])
        place.comes_to(self.make(), [submitted[0]], State.CANCELLED)
        assert runner.poll([submitted[2]]).statuses[submitted[2]].state is State.RUNNING
        runner.cancel([submitted[0], submitted[1]])
        place.open_gate()
        assert place.ended(2).status.state is State.FINISHED
        assert not (place.storage() / "completion.json").exists()

    def test_a_job_that_waits_can_be_cancelled_and_never_begins(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, *self._waiting(place))
        place.comes_to(runner, submitted.all, State.QUEUED)
        runner.cancel(submitted.all)
        place.comes_to(self.make(), submitted.all, State.CANCELLED)
        assert [place.stdout(group) for group in (0, 1)] == ["", ""]

    def test_a_job_that_is_held_says_so_and_goes_back_when_it_is_released(self, place: Place) -> None:
        runner = self.make()
        submitted = place.submit(runner, *self._waiting(place))
        try:
            runner.hold([submitted[0]])
        except UsageError as error:
            runner.cancel(submitted.all)
            pytest.skip(f"it cannot hold jobs: {error.message}")
        place.comes_to(self.make(), [submitted[0]], State.HELD)
        place.comes_to(runner, [submitted[1]], State.QUEUED)
        runner.release([submitted[0]])
        place.comes_to(self.make(), submitted.all, *OPEN)
        runner.cancel(submitted.all)
        place.comes_to(runner, submitted.all, State.CANCELLED)

    def _waiting(self, place: Place) -> list[JobSpec]:
        """Give two jobs for the queue, in a place whose template keeps them there."""
        if self.waiting is None:
            pytest.skip("no options that keep a job in the queue are given: waiting")
        place.options = {**self.options, **self.waiting}
        return [place.gated(), place.gated(group=1)]

    # ---- nobody there

    def test_a_scheduler_that_is_not_there_is_said_and_nothing_is_taken_for_ended(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        submitted = place.submit(self.make(), place.gated())
        place.begun()
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
        place.ended()

    def test_what_it_leaves_in_a_storage_directory_is_told_from_a_programs_own_files(self, place: Place) -> None:
        runner = self.make()
        place.submit(runner, place.shell("echo out"))
        place.ended()
        programs = {"stdout.txt", "stderr.txt", "group_0"}
        left = {path.name for folder in (place.folder, place.storage()) for path in folder.iterdir()}
        assert left - programs <= runner.own_files
