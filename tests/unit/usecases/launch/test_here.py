"""A run of this machine: recorded before anything starts, watched to its end, committed then."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobEnded, JobSpec, JobStarted
from qanat.domain.run import Group, Run, RunnerChoice, State
from qanat.errors import GitRefused, InputInvalid, QanatError, RunnerUnavailable, UsageError, WriteFailed
from qanat.records import flight, run_codec
from qanat.runners.local.runner import LocalRunner
from qanat.system import processes
from tests.support.world import View, World

FINISHED, FAILED, CANCELLED, LOST = State.FINISHED, State.FAILED, State.CANCELLED, State.LOST


class Spy(View):
    """A view that looks at the project when the run is about to start, and whenever a group has changed."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.records: list[Run] = []
        self.journals: list[list[str]] = []

    def begins(self, run: Run, folder: Path) -> None:
        """Look."""
        super().begins(run, folder)
        self._look()

    def changed(self, group: Group) -> None:
        """Look."""
        super().changed(group)
        self._look()

    def _look(self) -> None:
        self.records.append(self.world.recorded())
        (journal,) = self.world.journals()
        self.journals.append(journal.read_text().splitlines())


def test_a_run_is_recorded_with_all_that_it_was_launched_with(world: World) -> None:
    head, tree = world.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    run = world.launch("--fast", groups=("--seed 0", "--seed 1"), tags=("a",), description="d", n_threads=2)
    assert (run.number, run.experiment, run.description, run.tags) == (1, "train", "d", ("a",))
    assert (run.created, run.author, run.host) == (
        "2026-11-23T05:17:55+00:00",
        "Ada Lovelace <ada@example.org>",
        os.uname().nodename,
    )
    assert (run.code.commit, run.code.tree, run.code.branch) == (head, tree, "main")
    assert (run.code.snapshot, run.code.workdir, run.code.changed_while_running) == (False, "project", None)
    assert (run.command, run.datasets, run.storage) == (("sh", "train.sh"), {}, "results/train/run_1")
    assert run.runner == RunnerChoice("local", None, {"n_threads": 2})
    assert (run.requested.args, run.requested.groups) == (("--fast",), ("--seed 0", "--seed 1"))
    assert (run.submission.pid, run.submission.process_start) == (os.getpid(), processes.start_of(os.getpid()))
    assert len(run.submission.intent) == 24
    assert (run.submission.submitted, run.submission.checkout, run.rerun_of) == (None, None, None)


def test_a_run_is_run_to_its_end_recorded_and_committed(world: World) -> None:
    run = world.launch("--fast", groups=("0", "1"))
    assert [(group.number, group.args, group.state, group.exit_code) for group in run.groups] == [
        (0, ("--fast", "0"), FINISHED, 0),
        (1, ("--fast", "1"), FINISHED, 0),
    ]
    assert all(group.started and group.ended and group.job for group in run.groups)
    assert world.committed() == world.recorded() == run
    assert world.subjects() == ["qanat: run 1 of train finished"]
    assert world.journals() == []
    assert (world.outcome.notes, world.outcome.interrupted, world.outcome.on_request) == ((), None, False)
    assert world.git("status", "--porcelain") == ""


def test_a_program_gets_its_arguments_and_leaves_its_output(world: World) -> None:
    world.launch("a b")
    folder = world.root / "results/train/run_1"
    assert (folder / "stdout.txt").read_text() == f"a b --storage_path {folder}\n"
    assert "status: finished\n" in (folder / "info.yaml").read_text()
    assert not (folder / "group_info.yaml").exists()


def test_groups_have_directories_and_files_of_their_own(world: World) -> None:
    world.launch(groups=("0", "1"))
    for number in (0, 1):
        folder = world.root / f"results/train/run_1/group_{number}"
        assert (folder / "stdout.txt").read_text() == f"{number} --storage_path {folder}\n"
        assert f"sh train.sh {number} --storage_path" in (folder / "group_info.yaml").read_text()


def test_what_a_program_finds_in_its_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    words = '"$QANAT_RUN $QANAT_GROUP $QANAT_STORAGE_PATH $QANAT_JOB [$PYTHONUNBUFFERED] [$PYTHONDONTWRITEBYTECODE]"'
    world.experiment(f"echo {words}\n")
    one = world.launch()
    folder = world.root / "results/train/run_1"
    assert (folder / "stdout.txt").read_text() == f"{one.id} 0 {folder} {one.submission.intent}:0 [1] []\n"
    two = world.launch(groups=("0", "1"))
    folder = world.root / "results/train/run_2/group_1"
    assert (folder / "stdout.txt").read_text() == f"{two.id} 1 {folder} {two.submission.intent}:1 [] []\n"
    monkeypatch.setenv("PYTHONUNBUFFERED", "x")
    world.launch(revision="HEAD")
    assert (world.root / "results/train/run_3/stdout.txt").read_text().endswith(" [x] [1]\n")


def test_the_record_is_there_before_anything_starts_and_is_not_written_meanwhile(world: World) -> None:
    spy = world.view = Spy(world)
    run = world.launch(groups=("0", "1"))
    assert [name for name, _ in spy.events] == ["begins", "changed", "changed", "changed", "changed"]
    assert spy.events[0] == ("begins", world.root / "results/train/run_1")
    assert spy.events[1:3] == [("changed", (0, State.RUNNING)), ("changed", (0, FINISHED))]
    assert {record.state for record in spy.records} == {State.QUEUED}
    assert spy.records[0].submission == run.submission


def test_the_journal_gets_a_line_when_a_group_begins_and_one_when_it_ends(world: World) -> None:
    spy = world.view = Spy(world)
    world.launch(groups=("0", "1"))
    assert [len(lines) for lines in spy.journals] == [1, 2, 3, 4, 5]
    assert f'"pid": {os.getpid()}' in spy.journals[0][0]
    assert '"group": 1' in spy.journals[-1][-1]


def test_a_group_that_fails_makes_a_failed_run_and_the_others_are_run(world: World) -> None:
    world.experiment('exit "$1"\n')
    run = world.launch(groups=("3", "0"))
    assert [(group.state, group.exit_code) for group in run.groups] == [(FAILED, 3), (FINISHED, 0)]
    assert world.subjects()[0] == "qanat: run 1 of train failed"


def test_with_fail_fast_nothing_is_started_once_a_group_has_failed(world: World) -> None:
    world.experiment('exit "$1"\n')
    run = world.launch(groups=("0", "3", "0"), fail_fast=True)
    assert [group.state for group in run.groups] == [FINISHED, FAILED, CANCELLED]
    assert "an earlier group had failed" in run.groups[2].reason
    assert run.state is FAILED


WAITS = """\
trap '' TERM
: >"$3/begun"
while [ ! -e "$3/$1" ]; do sleep 0.02; done
"""


def test_groups_are_cancelled_one_by_one_while_the_others_continue(world: World) -> None:
    world.experiment(WAITS.replace("trap '' TERM\n", ""))
    results = world.root / "results/train/run_1"

    def cancel_two(name: str, what: object) -> None:
        (group,) = [what[0]] if name == "changed" else [None]  # type: ignore[index]
        if what == (0, State.RUNNING):
            (journal,) = world.journals()
            flight.ask_to_cancel_groups(flight.Flight(journal, flight.Watcher("", "", "", "", 0, "")), [0, 2])
        elif group == 0:
            (results / "group_1/end").touch()

    world.view = View(cancel_two)
    run = world.launch(groups=("end", "end", "end"))
    assert [(group.state, group.reason) for group in run.groups] == [
        (CANCELLED, "cancelled by SIGTERM"),
        (FINISHED, ""),
        (CANCELLED, "cancelled before it started"),
    ]
    assert list(world.journals()) == []
    assert list((world.project.location.private / flight.FOLDER).iterdir()) == []


def test_a_group_that_exceeds_its_time_limit_is_asked_to_end_then_killed_and_has_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qanat.runners.local.runner.GRACE_S", 0.2)
    world.experiment(
        '[ "$1" != stubborn ] || trap "" TERM\n[ "$1" != gentle ] || trap "exit 0" TERM\n'
        '[ "$1" = quick ] || while :; do sleep 0.02; done\n'
    )
    run = world.launch(groups=("stubborn", "gentle", "plain", "quick"), n_threads=4, time_limit="1s")
    late = "exceeded the time limit of 1s"
    assert [(group.state, group.reason, group.exit_code, group.signal) for group in run.groups] == [
        (FAILED, late, None, signal.SIGKILL),
        (FAILED, late, 0, None),
        (FAILED, late, None, signal.SIGTERM),
        (FINISHED, "", 0, None),
    ]
    assert run.runner.options == {"n_threads": 4, "time_limit": "1s"}
    assert world.committed() == run


def test_metrics_of_ended_groups_are_known_while_others_run(world: World) -> None:
    world.experiment('echo "{\\"loss\\": $1}" >"$3/metrics.json"\n')
    seen: list[dict[str, float]] = []
    world.view = View(lambda name, what: seen.append(dict(world.look().groups[0].metrics)))
    world.launch(groups=("0.5", "1"))
    # The run begins, then each group starts and ends.
    assert seen == [{}, {}, {"loss": 0.5}, {"loss": 0.5}, {"loss": 0.5}]


def test_curves_are_recorded_and_what_is_wrong_with_them_is_told(world: World) -> None:
    world.experiment('printf "step,loss\\n0,$1\\n1,0.5\\n2" >"$3/metrics.csv"\n')
    run = world.launch(groups=("2", "x"))
    assert [dict(group.metrics) for group in run.groups] == [{"loss": 0.5}, {"loss": 0.5}]
    assert [group.curves["loss"].max for group in run.groups] == [(2, 0), (0.5, 1)]
    assert [note.partition("metrics.csv: ")[2] for note in world.outcome.notes] == [
        "the last line is incomplete, and was left out; the same in 1 other group",
        "'loss' is not a number, and was left out",
    ]
    assert world.committed() == run


def test_metrics_are_recorded_and_what_is_wrong_with_them_is_told(world: World) -> None:
    world.experiment('echo "{\\"loss\\": $1}" >"$3/metrics.json"\n')
    run = world.launch(groups=("0.5", "x"))
    assert [dict(group.metrics) for group in run.groups] == [{"loss": 0.5}, {}]
    (note,) = world.outcome.notes
    assert "group_1/metrics.json: is not a metrics file" in note
    assert world.committed() == run


@pytest.mark.parametrize(("change", "expected"), [("echo >>train.sh", True), ("echo >new.txt", None), ("true", None)])
def test_tracked_files_that_change_meanwhile_are_noted(world: World, change: str, expected: bool | None) -> None:
    world.experiment(f"{change}\n")
    assert world.launch().code.changed_while_running is expected
    recorded = world.committed()
    assert recorded
    assert recorded.code.changed_while_running is expected


def test_what_changes_while_a_checkout_is_at_work_is_nothing_to_it(world: World) -> None:
    world.experiment(f"echo >>'{world.root}/train.sh'\n")
    assert world.launch(revision="HEAD").code.changed_while_running is None


def test_a_record_that_stays_uncommitted_is_told(world: World) -> None:
    world.experiment(f"touch '{world.root}/.git/MERGE_HEAD'\n")
    run = world.launch()
    (note,) = world.outcome.notes
    assert note.startswith("the record of run 1 was saved, but not committed: ")
    assert world.recorded() == run
    assert world.committed() is None
    assert world.journals() == []


def test_a_run_goes_to_the_branch_that_it_was_launched_from(world: World) -> None:
    world.git("branch", "other")
    world.experiment(f"cd '{world.root}' && git checkout --quiet other\n")
    run = world.launch()
    assert world.committed(revision="main") == run
    assert world.committed(revision="other") is None


# ---- numbers and storage directories


def test_numbers_are_counted_and_never_given_again(world: World) -> None:
    assert [world.launch().number for _ in range(2)] == [1, 2]
    record = world.root / run_codec.path_of(world.recorded(2))
    record.unlink()
    assert world.launch().number == 3


def test_a_new_clone_gives_no_number_of_a_run_that_was_deleted(world: World) -> None:
    run = world.launch()
    world.git("rm", "--quiet", run_codec.path_of(run))
    world.git("commit", "--quiet", "--message", "deleted")
    (world.project.location.private / "next-run").unlink()
    assert world.launch().number == 2


def test_a_directory_that_is_there_is_passed_over(world: World) -> None:
    world.write("results/train/run_1/mine", "")
    run = world.launch()
    assert (run.number, run.storage) == (2, "results/train/run_2")
    assert [path.name for path in (world.root / "results/train/run_1").iterdir()] == ["mine"]


def test_a_storage_directory_that_is_asked_for_has_to_be_new_or_empty(world: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert world.launch(storage_path=tmp_path / "empty").storage == str(tmp_path / "empty")
    assert world.launch(storage_path=tmp_path / "new/deep").storage == str(tmp_path / "new/deep")
    (tmp_path / "file").touch()
    for taken in (tmp_path / "empty", tmp_path / "file"):
        with pytest.raises(InputInvalid) as error:
            world.launch(storage_path=taken)
        assert error.value.message == f"--storage-path {taken} is not an empty folder"
        assert error.value.hint == "use a new folder for each run"
    assert len(list(world.root.glob(".qanat/runs/*/*/*.yaml"))) == 2


def test_a_storage_directory_is_where_its_links_lead(world: World, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert world.launch(storage_path=tmp_path / "link/run").storage == str(tmp_path / "real/run")


def test_a_folder_that_cannot_be_made_is_told(world: World) -> None:
    world.commit(results="in the way")
    with pytest.raises(WriteFailed, match="cannot write"):
        world.launch()
    with pytest.raises(WriteFailed, match="cannot write"):
        world.launch(storage_path=Path("/" + "x" * 300))
    assert not list(world.root.glob(".qanat/runs/*/*/*.yaml"))


def test_a_parameters_file_goes_with_the_results(world: World) -> None:
    path = world.write("parameters.json", "{}")
    world.commit()
    world.launch(parameters_file=path)
    assert (world.root / "results/train/run_1/parameters_files/parameters.json").read_text() == "{}"


def test_ignored_files_that_arguments_name_are_noted(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nresults/\n.qanat/cache/\n"})
    world.write("data.bin", "")
    run = world.launch("data.bin", "train.sh", "gone.bin")
    assert run.submission.inputs == ("data.bin",)


# ---- what is refused is refused before anything is written


@pytest.mark.parametrize(
    "words",
    [
        {"template": "big"},
        {"experiment": "gone"},
        {"revision": "nothing"},
        {"groups": ("'",)},
        {"parameters_file": Path("gone")},
    ],
)
def test_what_cannot_run_leaves_nothing(world: World, words: dict[str, Any]) -> None:
    with pytest.raises(QanatError):
        world.launch(**words)
    _nothing_is_left(world)


def _nothing_is_left(world: World) -> None:
    assert not (world.root / "results").exists()
    assert not list(world.root.glob(".qanat/runs/*/*/*.yaml"))
    assert world.journals() == []
    assert (world.project.location.private / "next-run").read_text() == "0\n"


def test_somebody_whom_git_does_not_know_cannot_launch(world: World) -> None:
    world.git("config", "user.email", "")
    with pytest.raises(GitRefused, match=r"user\.email is not set"):
        world.launch()
    _nothing_is_left(world)


def test_changes_that_nobody_speaks_for_are_refused(world: World) -> None:
    world.write("train.sh", "true\n")
    with pytest.raises(UsageError, match="there are uncommitted changes"):
        world.launch()
    _nothing_is_left(world)


def test_a_runner_that_cannot_start_anything_is_told_first(world: World) -> None:
    class Broken(LocalRunner):
        def check(self) -> None:
            raise RunnerUnavailable("no shell")

    world.in_process = lambda name, slots: Broken(slots)  # type: ignore[method-assign]
    with pytest.raises(RunnerUnavailable, match="no shell"):
        world.launch()
    _nothing_is_left(world)


# ---- ends that come from outside


class Interrupting(LocalRunner):
    """The runner of this machine, which gets a signal when the first group has begun."""

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
        """Watch, and be interrupted."""
        for event in super().watch(intent, jobs):
            yield event
            if isinstance(event, JobStarted):
                self.interrupt(signal.SIGINT)


def test_an_interrupt_ends_the_programs_and_the_record_says_cancelled(world: World) -> None:
    world.experiment("exec sleep 60\n")
    world.in_process = lambda name, slots: Interrupting(slots)  # type: ignore[method-assign]
    run = world.launch(groups=("0", "1"))
    assert [group.state for group in run.groups] == [CANCELLED, CANCELLED]
    assert [group.reason for group in run.groups] == ["cancelled by SIGINT", "cancelled before it started"]
    assert (world.outcome.interrupted, world.outcome.on_request) == (signal.SIGINT, False)
    assert world.committed() == run
    assert world.journals() == []


class Asking(View):
    """A view in which another terminal asks for the run to be cancelled as soon as a group runs."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def changed(self, group: Group) -> None:
        """Ask."""
        super().changed(group)
        if group.state is State.RUNNING:
            (seen,) = flight.all_flights(self.world.project.location.private)
            flight.ask_to_cancel(seen)


def test_a_run_that_another_terminal_wants_cancelled_is_cancelled_here(world: World) -> None:
    world.experiment("exec sleep 60\n")
    world.view = Asking(world)
    run = world.launch()
    assert [(group.state, group.reason) for group in run.groups] == [(CANCELLED, "cancelled by SIGTERM")]
    assert (world.outcome.interrupted, world.outcome.on_request) == (signal.SIGTERM, True)
    assert world.committed() == run
    assert list((world.project.location.private / flight.FOLDER).iterdir()) == []


class Failing(LocalRunner):
    """The runner of this machine, whose disk is full once the first group has ended."""

    def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
        """Watch, and fail."""
        ended = False
        for event in super().watch(intent, jobs):
            if ended:
                raise WriteFailed("no space left on device")
            yield event
            ended = isinstance(event, JobEnded)


def test_a_run_that_qanat_cannot_see_to_its_end_is_recorded_as_far_as_it_is_known(world: World) -> None:
    world.in_process = lambda name, slots: Failing(slots)  # type: ignore[method-assign]
    with pytest.raises(WriteFailed, match="no space left on device"):
        world.launch(groups=("0", "1"))
    first, second = world.recorded().groups
    assert (first.state, second.state) == (FINISHED, LOST)
    assert second.reason == "how it ended is unknown: no space left on device"
    assert world.committed() == world.recorded()
    assert world.journals() == []


def test_a_journal_stays_when_not_even_that_can_be_recorded(world: World) -> None:
    class Vanishing(Failing):
        def watch(self, intent: str, jobs: Sequence[JobSpec]) -> Iterator[JobStarted | JobEnded | None]:
            path = world.root / run_codec.path_of(world.recorded())
            path.write_text("broken\n")
            yield from super().watch(intent, jobs)

    world.in_process = lambda name, slots: Vanishing(slots)  # type: ignore[method-assign]
    with pytest.raises(WriteFailed, match="no space left on device"):
        world.launch(groups=("0", "1"))
    assert len(world.journals()) == 1


def test_a_record_that_cannot_be_written_starts_nothing(world: World) -> None:
    world.write(".qanat/runs/train", "in the way")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "in the way")
    with pytest.raises(WriteFailed, match="cannot write"):
        world.launch()
    assert world.view.events == []
    assert world.journals() == []
