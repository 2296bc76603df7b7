"""Running again: a whole run as a new one, or only what did not succeed inside the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.attempts import AttemptState, Earlier
from qanat.domain.container import Container
from qanat.domain.run import Group, Run, RunnerChoice, State
from qanat.errors import GitRefused, InputInvalid, SubmitFailed, UsageError, WriteFailed
from qanat.records import run_codec
from qanat.records.made import Notes
from qanat.usecases.launch import past_options
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from qanat.usecases.launch.retry import chosen_groups, retry
from qanat.usecases.tracking import record
from tests.support.world import World

FINISHED, FAILED, CANCELLED, QUEUED = State.FINISHED, State.FAILED, State.CANCELLED, State.QUEUED


def again(world: World, number: int = 1, **options: Any) -> Run:
    """Repeat a run as a new one, as `qanat rerun` does."""
    asked = (world.find(number), [], LaunchOptions(**options), Repeat())
    return world.started(rerun, *asked, runners=world, ask=world.ask, view=world.view)


def retried(
    world: World, *groups: int, number: int = 1, changes: Mapping[str, str] | None = None, **options: Any
) -> Run:
    """Run groups of a run again, all that did not succeed by default, as `qanat retry` does."""
    found = world.find(number)
    numbers = chosen_groups(found, groups, failed=False)
    chosen = LaunchOptions(**{"runner": found.run.runner.name, **options})
    return world.started(retry, found, numbers, [], chosen, changes or {}, runners=world, view=world.view)


def states(run: Run) -> list[tuple[State, int]]:
    """List the states and attempts of a run's groups."""
    return [(group.state, group.attempt) for group in run.groups]


# ---- a whole run as a new one


def test_a_run_is_repeated_with_the_same_code_parameters_and_options(world: World) -> None:
    first = world.launch("--fast", groups=("0", "1"), tags=("a",), description="d", n_threads=2)
    world.experiment("exit 1\n")
    second = again(world)
    assert (second.number, second.rerun_of, second.state) == (2, first.id, FINISHED)
    assert (second.code.commit, second.code.tree) == (first.code.commit, first.code.tree)
    assert (second.code.workdir, second.code.branch) == ("checkout", "main")
    assert [group.args for group in second.groups] == [group.args for group in first.groups]
    assert (second.requested, second.command, second.datasets) == (first.requested, first.command, first.datasets)
    assert (second.tags, second.description) == (("rerun",), "d")
    assert second.runner == RunnerChoice("local", None, {"n_threads": 2})
    assert world.committed(2) == second
    assert world.recorded(1) == first


def test_a_run_that_was_repeated_is_tagged_once(world: World) -> None:
    world.launch()
    again(world)
    third = again(world, 2)
    assert (third.tags, third.rerun_of) == (("rerun",), world.recorded(2).id)


def test_a_run_is_repeated_from_the_branch_that_is_checked_out(world: World) -> None:
    world.launch()
    world.git("checkout", "--quiet", "-b", "other")
    assert again(world).code.branch == "other"
    assert world.committed(2, "other") == world.recorded(2)


def test_code_that_had_changed_while_running_is_repeated_as_it_was_launched(world: World) -> None:
    world.experiment(f"echo >>'{world.root}/train.sh'\n")
    assert world.launch().code.changed_while_running
    world.git("checkout", "--quiet", "train.sh")
    assert again(world).code.changed_while_running is None


def test_a_submitted_run_is_submitted_with_the_options_that_it_had(world: World) -> None:
    world.template("big", memory="4G")
    world.submit(template="big")
    world.template("big", memory="8G")
    assert again(world, runner="world").runner == RunnerChoice("world", "big", {"memory": "4G"})
    assert again(world, runner="world", template="big").runner.options == {"memory": "8G"}
    assert again(world, runner="local").runner.name == "local"
    assert len(world.scheduler.batches) == 3


def test_a_local_run_may_be_repeated_on_a_scheduler(world: World) -> None:
    world.launch(groups=("0", "1"), n_threads=2)
    run = again(world, runner="world")
    assert run.runner == RunnerChoice("world", "default", {})
    assert [group.job for group in run.groups] == ["1.0", "1.1"]


def test_other_threads_may_be_chosen(world: World) -> None:
    world.launch(groups=("0", "1"), n_threads=2)
    assert again(world, n_threads=1).runner.options == {"n_threads": 1}


def test_a_run_whose_commit_is_gone_cannot_be_repeated(world: World) -> None:
    run = world.launch()
    path = next(world.root.glob(".qanat/runs/*/*/*.yaml"))
    path.write_text(path.read_text().replace(run.code.commit, "a" * 40))
    with pytest.raises(GitRefused, match="commit aaaaaaaaaa of run 1 is not in this repository"):
        again(world)
    assert len(list(world.root.glob(".qanat/runs/*/*/*.yaml"))) == 1


def test_data_and_inputs_that_are_gone_are_told(world: World) -> None:
    world.write("data.csv", "1\n")
    world.commit(
        **{
            ".gitignore": "*.csv\n*.bin\nresults/\n.qanat/cache/\n",
            ".qanat/datasets/d.yaml": "schema: dataset/1\nname: d\npath: data.csv\n",
        }
    )
    world.experiment("true\n", datasets=["d"])
    world.write("a.bin", "")
    run = world.launch("a.bin")
    assert again(world).datasets == run.datasets == {"d": "data.csv"}
    (world.root / "a.bin").unlink()
    with pytest.raises(InputInvalid, match=r"input a\.bin of run 1"):
        again(world)
    world.write("a.bin", "")
    (world.root / "data.csv").unlink()
    with pytest.raises(InputInvalid, match=r"dataset d of run 1: .*data\.csv does not exist here") as error:
        again(world)
    copy = "git ignores it, so it is not part of a clone: copy it there"
    assert error.value.hint == f"{copy}, or run with other data: qanat run train"
    world.write(".gitignore", "results/\n.qanat/cache/\n")
    with pytest.raises(InputInvalid, match=r"data\.csv no longer exists") as error:
        again(world)
    assert error.value.hint == "restore it, or run with other data: qanat run train"


def test_a_parameters_file_is_the_copy_that_was_kept(world: World) -> None:
    world.experiment('cat "$1"\n')
    path = world.write("p.json", "first\n")
    world.commit()
    world.launch("p.json", parameters_file=path)
    world.commit(**{"p.json": "second\n"})
    again(world)
    assert (world.root / "results/train/run_2/stdout.txt").read_text() == "first\n"
    assert (world.root / "results/train/run_2/parameters_files/p.json").read_text() == "first\n"


def test_an_experiment_that_is_gone_is_no_reason_not_to_repeat_its_run(world: World) -> None:
    world.launch()
    world.git("rm", "--quiet", ".qanat/experiments/train.yaml")
    world.commit()
    assert again(world).state is FINISHED


def test_metrics_are_those_that_the_experiment_names_today(world: World) -> None:
    world.experiment('echo "{\\"loss\\": 1}" >"$2/scores.json"\n')
    assert world.launch().groups[0].metrics == {}
    world.experiment("true\n", metrics=[{"file": "scores.json"}])
    assert again(world).groups[0].metrics == {"loss": 1}


# ---- which groups


def test_by_default_what_did_not_finish_is_run_again(world: World) -> None:
    world.experiment('exit "$1"\n')
    world.launch(groups=("0", "3", "0"))
    found = world.find()
    assert chosen_groups(found, (), failed=False) == [1]
    assert chosen_groups(found, (2, 0, 2), failed=False) == [0, 2]
    assert chosen_groups(found, (2, 1), failed=True) == [1]
    with pytest.raises(UsageError, match="group 2 of run 1 has finished"):
        chosen_groups(found, (2,), failed=True)
    with pytest.raises(UsageError, match="each of these 2 groups of run 1 has finished"):
        chosen_groups(found, (2, 0), failed=True)
    with pytest.raises(UsageError, match="run 1 has no group 3"):
        chosen_groups(found, (3,), failed=False)


def test_a_run_all_of_whose_groups_have_finished_has_nothing_to_run_again(world: World) -> None:
    world.launch()
    with pytest.raises(UsageError, match="every group of run 1 has finished") as error:
        chosen_groups(world.find(), (), failed=False)
    assert "--group" in error.value.hint
    assert chosen_groups(world.find(), (0,), failed=False) == [0]


def test_a_run_that_is_active_is_not_run_again(world: World) -> None:
    world.submit()
    with pytest.raises(UsageError, match="run 1 is still queued, so its groups cannot be retried"):
        chosen_groups(world.find(), (0,), failed=False)


# ---- groups inside their run


def test_groups_are_run_again_inside_their_run(world: World) -> None:
    world.experiment(f"test $1 = 0 || test -e '{world.root}/results/ok'\n")
    first = world.launch(groups=("0", "1"))
    assert states(first) == [(FINISHED, 1), (FAILED, 1)]
    (world.root / "results/ok").touch()
    second = retried(world)
    assert states(second) == [(FINISHED, 1), (FINISHED, 2)]
    assert second.groups[0] == first.groups[0]
    assert second.submission.intent != first.submission.intent
    assert (second.number, second.created, second.runner) == (1, first.created, first.runner)
    assert world.committed() == world.recorded() == second
    assert world.subjects()[0] == "qanat: run 1 of train finished, attempt 2 of group 1"
    assert world.journals() == []


def test_the_subject_of_a_commit_names_the_attempt_and_its_groups(world: World) -> None:
    world.experiment("test $1 = 0\n")
    world.launch(groups=("0", "1", "2"))
    retried(world)
    assert world.subjects()[0] == "qanat: run 1 of train failed, attempt 2 of 2 groups"
    world.experiment("exit 3\n")
    world.launch()
    retried(world, number=2)
    retried(world, number=2)
    assert world.subjects()[0] == "qanat: run 2 of train failed, attempt 3"


def test_what_the_last_attempt_left_is_set_aside(world: World) -> None:
    world.experiment('echo "$QANAT_RUN" >>"$3/out.txt"; exit 3\n')
    world.launch(groups=("0", "1"))
    own = world.root / "results/train/run_1/group_1"
    retried(world, 1)
    retried(world, 1)
    assert sorted(path.name for path in own.iterdir()) == [
        "attempts",
        "completion.json",
        "group_info.yaml",
        "out.txt",
        "qanat_manifest.jsonl",
        "stderr.txt",
        "stdout.txt",
    ]
    left = {"completion.json", "out.txt", "qanat_manifest.jsonl", "stderr.txt", "stdout.txt"}
    for attempt in (1, 2):
        kept = own / "attempts" / str(attempt)
        assert {path.name for path in kept.iterdir()} == left
        assert len((kept / "out.txt").read_text().splitlines()) == 1
    assert states(world.recorded()) == [(FAILED, 1), (FAILED, 3)]
    assert not (world.root / "results/train/run_1/group_0/attempts").exists()


def test_what_belongs_to_the_run_stays_where_it_is(world: World) -> None:
    world.experiment("exit 1\n")
    path = world.write("p.json", "{}")
    world.commit()
    world.launch(parameters_file=path)
    folder = world.root / "results/train/run_1"
    (folder / "actions.yaml").touch()
    retried(world)
    assert {path.name for path in folder.iterdir()} >= {"info.yaml", "parameters_files", "actions.yaml", "attempts"}
    assert {path.name for path in (folder / "attempts/1").iterdir()} == {"completion.json", "stdout.txt", "stderr.txt"}


def test_the_code_of_a_retry_is_that_of_the_run(world: World) -> None:
    world.experiment("pwd; exit 1\n")
    first = world.launch()
    in_project = retried(world)
    assert (in_project.submission.checkout, in_project.code) == (None, first.code)
    world.experiment("exit 0\n")
    elsewhere = retried(world)
    assert elsewhere.state is FAILED
    place = f".qanat/cache/checkouts/{first.code.commit[:12]}"
    assert elsewhere.submission.checkout == place
    assert (world.root / "results/train/run_1/stdout.txt").read_text() == f"{world.root / place}\n"


def test_a_retry_notes_code_that_changes_meanwhile_where_it_works_in_the_project(world: World) -> None:
    world.experiment(f"test -e '{world.root}/results/now' && echo >>'{world.root}/train.sh'; exit 1\n")
    assert world.launch().code.changed_while_running is None
    (world.root / "results/now").touch()
    assert retried(world).code.changed_while_running


def test_a_retry_is_followed_as_a_run_is(world: World) -> None:
    world.experiment("exit 1\n")
    world.launch(groups=("0", "1", "2"))
    run = retried(world, 1, 2, fail_fast=True)
    assert states(run) == [(FAILED, 1), (FAILED, 2), (CANCELLED, 2)]
    assert world.view.events == [
        ("begins", world.root / "results/train/run_1"),
        ("changed", (1, State.RUNNING)),
        ("changed", (1, FAILED)),
        ("changed", (2, CANCELLED)),
    ]


def test_two_retries_at_once_are_one(world: World) -> None:
    world.experiment("exit 1\n")
    world.launch()
    found = world.find()
    retried(world)
    with pytest.raises(UsageError, match="run 1 is being retried by another qanat") as error:
        world.started(retry, found, [0], [], LaunchOptions(), {}, runners=world, view=world.view)
    assert error.value.hint == f"see how it is doing: qanat show {found.run.id}"
    assert states(world.recorded()) == [(FAILED, 2)]
    assert world.journals() == []


def test_what_others_have_written_into_the_record_stays(world: World) -> None:
    world.experiment("exit 1\n")
    world.launch()
    found = world.find()
    record.update_record(world.project, found.record, lambda now: replace(now, tags=("meanwhile",)))
    run = world.started(retry, found, [0], [], LaunchOptions(), {}, runners=world, view=world.view)
    assert (run.tags, states(run)) == (("meanwhile",), [(FAILED, 2)])


def test_outputs_that_cannot_be_set_aside_start_nothing(world: World) -> None:
    world.experiment("exit 1\n")
    before = world.launch()
    world.write("results/train/run_1/attempts", "in the way")
    with pytest.raises(WriteFailed, match="cannot write"):
        retried(world)
    assert world.recorded() == before
    assert world.view.events == []
    assert world.journals() == []


def test_options_of_a_scheduler_are_none_of_a_local_run(world: World) -> None:
    world.experiment("exit 1\n")
    world.launch()
    with pytest.raises(UsageError, match="--set cannot be used with runner local") as error:
        retried(world, changes={"memory": "8G"})
    assert error.value.hint.startswith("leave it out: ")


def test_a_parameters_file_that_is_another_by_now_keeps_a_run_from_being_retried(world: World) -> None:
    world.experiment('cat "$1"; exit 1\n')
    path = world.write("p.json", "first\n")
    world.commit()
    world.launch(str(path), parameters_file=path)
    retried(world)
    world.write("p.json", "second\n")
    with pytest.raises(InputInvalid, match=f"the parameters file {path} has changed since run 1 was launched") as error:
        retried(world)
    assert error.value.hint == "repeat the run with the copy that was kept: qanat rerun 1"


def test_a_parameters_file_of_the_project_is_linked_when_it_is_another_by_now(world: World) -> None:
    world.experiment('cat "$1"; exit 1\n')
    path = world.write("p.json", "first\n")
    world.commit()
    world.launch("p.json", parameters_file=path)
    world.commit(**{"p.json": "second\n"})
    retried(world)
    assert (world.root / "results/train/run_1/stdout.txt").read_text() == "first\n"


# ---- on a scheduler


def failed_on_the_scheduler(world: World, groups: int = 2, **words: Any) -> Run:
    """Submit a run whose last group fails."""
    world.submit(groups, **words)
    *good, bad = world.scheduler.of(*range(groups))
    for job in good:
        job.ends(0)
    bad.ends(1)
    return world.look()


def test_groups_are_submitted_again_inside_their_run(world: World) -> None:
    first = failed_on_the_scheduler(world)
    world.clock.move(60)
    second = retried(world)
    assert states(second) == [(FINISHED, 1), (QUEUED, 2)]
    assert [group.job for group in second.groups] == ["1.0", "2.1"]
    assert second.submission.submitted == "2026-11-23T05:18:55+00:00"
    assert second.submission.intent != first.submission.intent
    (job,) = world.scheduler.batches[1].jobs
    assert (job.group, job.attempt, job.storage) == (1, 2, world.root / "results/train/run_1/group_1")
    assert world.committed() == world.recorded() == second
    assert world.view.events == [("submitted", ["1.0", "2.1"])]


def test_the_end_of_the_last_attempt_is_not_taken_for_that_of_this_one(world: World) -> None:
    failed_on_the_scheduler(world)
    retried(world)
    assert states(world.look()) == [(FINISHED, 1), (QUEUED, 2)]
    for job in world.scheduler.of(1):
        job.ends(0)
    assert states(world.look()) == [(FINISHED, 1), (FINISHED, 2)]
    kept = world.root / "results/train/run_1/group_1/attempts/1"
    assert {path.name for path in kept.iterdir()} == {"completion.json", "stdout.txt"}


def test_options_may_be_set_for_a_retry_and_are_noted(world: World) -> None:
    world.template("big", memory="4G")
    failed_on_the_scheduler(world, template="big")
    run = retried(world, changes={"memory": "2x"})
    assert run.runner == RunnerChoice("world", "big", {"memory": "8G"})
    assert run.submission.changed == {"memory": "2x"}
    assert world.scheduler.batches[1].options == {"memory": "8G"}
    world.template("other", cpus="2")
    for job in world.scheduler.of(1):
        job.ends(1)
    assert retried(world, template="other").runner == RunnerChoice("world", "other", {"cpus": "2"})


def test_options_that_the_scheduler_does_not_take_are_refused(world: World) -> None:
    before = failed_on_the_scheduler(world)
    world.scheduler.key_problems = lambda options: ["memory: unknown"] if options else []  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"^--set memory: unknown$") as error:
        retried(world, changes={"memory": "8G"})
    assert error.value.hint == "name an option as in a template"
    assert world.recorded() == before


def test_a_retry_that_is_refused_leaves_the_record_as_it_was(world: World) -> None:
    before = failed_on_the_scheduler(world)

    def refuse(batch: object) -> None:
        raise SubmitFailed("the queue is full")

    world.scheduler.before_taking = refuse
    with pytest.raises(SubmitFailed, match="the queue is full"):
        retried(world)
    assert world.recorded() == before
    assert world.journals() == []


def ends(world: World) -> None:
    """Let the job of group 1 finish."""
    for job in world.scheduler.of(1):
        job.ends(0)


def test_a_retry_may_be_waited_for(world: World) -> None:
    failed_on_the_scheduler(world)
    world.scheduler.after_taking = lambda batch: world.clock.after(5, lambda: ends(world))
    assert states(retried(world, wait=True)) == [(FINISHED, 1), (FINISHED, 2)]


def test_a_submitted_run_of_a_checkout_is_retried_in_one(world: World) -> None:
    first = failed_on_the_scheduler(world, in_place=False)
    world.experiment("exit 1\n")
    assert retried(world).submission.checkout == first.submission.checkout


def test_inputs_of_the_run_are_those_of_the_retry(world: World) -> None:
    world.commit(**{".gitignore": "*.bin\nresults/\n.qanat/cache/\n"})
    world.write("a.bin", "")
    world.experiment("exit 1\n")
    world.launch("a.bin")
    assert retried(world).submission.inputs == ("a.bin",)
    (world.root / "a.bin").unlink()
    with pytest.raises(InputInvalid, match=r"input a\.bin of run 1"):
        retried(world)


def test_a_group_that_is_retried_knows_of_its_last_attempt_only_how_it_ended(world: World) -> None:
    before = failed_on_the_scheduler(world).groups[1]
    times = {"started": before.started, "ended": before.ended}
    end = Earlier(1, AttemptState.FAILED, 1, reason="exit code 1", host="node7", **times)
    after = Group(1, ("--seed", "1"), job="2.1", attempt=2, earlier=(end,), key=before.key)
    assert retried(world).groups[1] == after


# ---- a record is testimony


def forged(world: World, **changes: Any) -> Run:
    """Commit a record of run 1 that claims something else, as a clone may bring it."""
    run = replace(world.recorded(1), **changes)
    world.write(run_codec.path_of(run), run_codec.encode(run).decode())
    world.git("commit", "--quiet", "--all", "--message", "forged")
    return run


@pytest.mark.parametrize("repeat", [again, retried])
def test_no_record_starts_what_its_experiment_does_not(world: World, repeat: Any) -> None:
    world.experiment("exit 1\n")
    world.launch(groups=("0",))
    forged(world, command=("sh", "-c", "touch PWNED", "x"))
    said = "the record of run 1 starts .*touch PWNED.*, which experiment train does not"
    with pytest.raises(InputInvalid, match=said) as error:
        repeat(world)
    assert error.value.hint == "to run what the experiment says: qanat run train"
    assert not list(world.root.rglob("PWNED"))
    world.experiment("exit 0\n", executable_command="bash")
    forged(world, command=("bash", "train.sh"))  # as it is defined today
    assert again(world).command == ("bash", "train.sh")


def test_no_record_gives_a_container_more_of_this_machine(world: World) -> None:
    world.launch(groups=("0",))
    for changes in ({"options": ("--privileged",)}, {"binds": ("/:/host",)}):
        forged(world, container=Container("image.sif", "apptainer", "sha256:" + "1" * 64, **changes))
        for head in (False, True):
            said = "starts .*, which experiment train does not"
            with pytest.raises(InputInvalid, match=said):
                world.started(
                    *(rerun, world.find(1), [], LaunchOptions(), Repeat(head=head)),
                    runners=world, ask=world.ask, view=world.view,
                )  # fmt: skip


def test_no_record_gives_a_scheduler_options_that_its_template_lacks(world: World) -> None:
    world.template("big", memory="4G", queue="long")
    first = world.submit(template="big")
    Notes(world.project.location.private).forget(first.id)  # as in a clone
    had = {"memory": "9G", "queue": "long"}
    forged(world, runner=RunnerChoice("world", "big", had))
    assert again(world, runner="world").runner.options == had  # amounts may differ
    for template, options in (("big", {**had, "hook": "evil"}), ("../big", had), ("big", {"queue": "evil"})):
        forged(world, runner=RunnerChoice("world", template, options))
        with pytest.raises(
            InputInvalid, match=r"record of run 1 has option '(hook|queue)' of world, unlike its"
        ) as error:
            again(world, runner="world")
        assert error.value.hint == "to submit it with the options of a template: add --submit-template NAME"
    assert again(world, runner="world", template="big").runner.options == {"memory": "4G", "queue": "long"}


def test_no_record_names_a_file_as_its_template(world: World) -> None:
    world.template("big", memory="4G")
    world.submit(template="big")
    file = world.root / ".qanat/templates/world/big.yaml"
    forged(world, runner=RunnerChoice("world", str(file), {"memory": "4G"}))
    with pytest.raises(InputInvalid, match=r"^template name '/.*/big\.yaml' "):
        world.started(
            *(rerun, world.find(1), [], LaunchOptions(runner="world"), Repeat(head=True)),
            runners=world, ask=world.ask, view=world.view,
        )  # fmt: skip


def test_options_of_a_template_in_the_settings_are_those_of_a_template(world: World) -> None:
    run = replace(world.launch(), runner=RunnerChoice("slurm", "big", {"partition": "gpu"}))
    Notes(world.project.location.private).forget(run.id)
    with pytest.raises(InputInvalid, match="has option 'partition' of slurm, unlike its template"):
        past_options.check(world.project, run, world)
    world.commit(**{".qanat/config.yaml": "schema: config/1\nslurm: {big: {partition: gpu}}\n"})
    past_options.check(world.project, run, world)


def test_a_run_of_a_definition_that_is_in_no_commit_is_repeated_where_it_was_launched(world: World) -> None:
    first = world.launch(groups=("0",))
    world.git("rm", "--quiet", "--cached", ".qanat/experiments/train.yaml")
    world.git("commit", "--quiet", "--message", "not defined")
    world.git("tag", "bare")
    commit = world.head
    world.git("add", ".qanat/experiments/train.yaml")
    world.experiment("exit 0\n", executable_command="bash")
    forged(world, code=replace(first.code, commit=commit))
    assert again(world).command == ("sh", "train.sh")
    Notes(world.project.location.private).forget(first.id)
    with pytest.raises(InputInvalid, match=r"starts 'sh train\.sh', which experiment train does not"):
        again(world)
