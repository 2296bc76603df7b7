"""Runs whose jobs do not see the project: what they get, and what is refused."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.experiment import Experiment, Program
from qanat.domain.run import Run, RunnerChoice, State
from qanat.domain.shipment import CODE, SANDBOX
from qanat.errors import InputInvalid, UsageError
from qanat.runners.registry import Registry
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.launch.previewing import preview
from qanat.usecases.launch.retry import retry
from qanat.usecases.launch.shipping import clean, decided
from tests.support.world import View, World


@pytest.fixture
def shipping(world: World) -> World:
    """Return a project whose experiment has its files transferred."""
    world.experiment("exit 0\n", transfer=True)
    return world


CHECKPOINT = 85


def submit(world: World, *groups: str, **words: Any) -> Run:
    return world.launch(groups=groups or ("--seed 0",), runner="world", **words)


def dataset(world: World, path: str, **keys: str) -> None:
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    world.commit(**{".qanat/datasets/data.yaml": f"schema: dataset/1\nname: data\npath: {path}\n{more}"})
    world.experiment("exit 0\n", transfer=True, datasets=["data"])


def test_the_code_is_shipped_as_an_archive_that_is_made_once(shipping: World) -> None:
    shipping.commit(**{"lib/tool.sh": "true\n"})
    first, second = submit(shipping), submit(shipping)
    assert first.runner.transfer is second.runner.transfer is True
    batches = [batch.shipment for batch in shipping.scheduler.batches]
    assert batches[0] == batches[1]
    assert batches[0] is not None
    archive = batches[0].archive
    assert archive.name == f"{first.code.tree}.tar.gz"
    assert archive.is_relative_to(shipping.root / ".git/qanat")
    content = archive.read_bytes()
    with tarfile.open(archive) as opened:
        assert opened.getnames() == [".gitattributes", ".gitignore", "lib/tool.sh", "train.sh"]
        assert {(entry.uid, entry.mtime, entry.uname) for entry in opened} == {(0, 315_532_800, "")}
    archive.unlink()
    submit(shipping)
    assert archive.read_bytes() == content


def test_the_paths_in_commands_are_those_of_the_jobs_own_folder(shipping: World) -> None:
    submit(shipping, "--seed 0", "--seed 1")
    (batch,) = shipping.scheduler.batches
    job = batch.jobs[1]
    assert job.command == ("sh", "train.sh", "--seed", "1", "--storage_path", f"{SANDBOX}/out")
    assert job.storage == shipping.root / "results/train/run_1/group_1"
    assert job.storage.is_dir()
    info = (shipping.root / "results/train/run_1/info.yaml").read_text()
    assert "'{sandbox}/out'" in info
    assert "\0" not in info


def test_data_in_git_come_with_the_code(world: World) -> None:
    world.commit(**{"data/a.txt": "a"})
    dataset(world, "data/a.txt")
    submit(world)
    assert world.scheduler.batches[0].jobs[0].command[-1] == f"{SANDBOX}/{CODE}/data/a.txt"
    assert world.scheduler.batches[0].shipment.files == ()  # type: ignore[union-attr]


def test_data_elsewhere_are_shipped_unless_they_are_there_or_fetched(world: World, tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("x")
    url = "osdf:///ospool/ada/big-5f1b.txt"
    expected = {"file": (f"{SANDBOX}/big.txt", str(tmp_path / "big.txt")), "present": (str(tmp_path / "big.txt"), None)}
    for how, (path, file) in {**expected, url: (f"{SANDBOX}/big-5f1b.txt", url)}.items():
        dataset(world, str(tmp_path / "big.txt"), transfer=how)
        submit(world)
        batch = world.scheduler.batches[-1]
        assert batch.jobs[0].command[-1] == path
        assert batch.shipment.files == ((file,) if file else ())  # type: ignore[union-attr]


def test_a_link_to_a_folder_is_shipped_as_the_folder(world: World, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    dataset(world, str(tmp_path / "link"))
    submit(world)
    assert world.scheduler.batches[0].shipment.files == (str(tmp_path / "folder"),)  # type: ignore[union-attr]


def test_inputs_that_git_ignores_and_the_parameters_file_are_shipped(shipping: World) -> None:
    shipping.commit(**{".gitignore": "results/\n.qanat/cache/\nnotes\n"})
    shipping.write("notes/a.txt", "noted")
    shipping.write("p.yaml", "lr: 1\n")
    submit(shipping, "notes/a.txt {parameters_file}", parameters_file=shipping.root / "p.yaml")
    (batch,) = shipping.scheduler.batches
    kept, inputs = batch.shipment.files  # type: ignore[union-attr]
    assert batch.jobs[0].command[3] == batch.jobs[0].environment["QANAT_PARAMETERS_FILE"] == f"{SANDBOX}/p.yaml"
    assert Path(kept).read_text() == "lr: 1\n"
    with tarfile.open(inputs) as opened:
        assert opened.extractfile("notes/a.txt").read() == b"noted"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "keys", "sentence"),
    [
        (
            {"in_place": True},
            {},
            "--in-place cannot be used for jobs that do not see the project: experiment",
        ),
        ({}, {"workdir": "project"}, "workdir: project cannot be used for jobs that do not see the project"),
        ({"per_job": 2}, {}, "--per-job cannot be used for jobs that do not see the project: experiment"),
        ({}, {"checkpoint": CHECKPOINT}, "checkpoint cannot be used for jobs that do not see the project"),
        ({}, {"container": "docker://a/b"}, "runner world cannot start containers in jobs that do not see the project"),
        ({"template": "plain"}, {}, ""),
    ],
)
def test_what_does_not_fit_is_refused_unless_a_template_says_otherwise(
    world: World, words: dict[str, Any], keys: dict[str, Any], sentence: str
) -> None:
    content = "schema: template/1\nname: plain\nrunner: world\noptions: {}\ntransfer: false\n"
    world.commit(**{".qanat/templates/world/plain.yaml": content})
    world.experiment("exit 0\n", transfer=True, **keys)
    if not sentence:
        assert submit(world, **words).runner.transfer is None
        return
    with pytest.raises(UsageError, match=sentence):
        submit(world, **words)
    assert world.scheduler.batches == []


def test_data_that_are_not_here_cannot_be_shipped(world: World) -> None:
    dataset(world, "/nowhere/data", check="false")
    with pytest.raises(InputInvalid, match="dataset data: path /nowhere/data does not exist, so it cannot be shipped"):
        submit(world)
    assert not (world.root / "results").exists()


def test_what_the_runner_cannot_ship_is_refused_before_anything_is_written(shipping: World) -> None:
    shipping.scheduler.unshippable = "the truck is full"
    with pytest.raises(InputInvalid, match="the truck is full"):
        submit(shipping)
    assert shipping.scheduler.batches == []
    assert not (shipping.root / "results").exists()


def test_a_dry_run_shows_what_is_shipped_and_makes_nothing(shipping: World) -> None:
    found = preview(shipping.project, RunRequest("train", groups=("1",)), LaunchOptions("world"), shipping)
    assert found.groups[0].command[-1] == "{sandbox}/out"
    assert not (shipping.root / ".git/qanat/archives").exists()


def test_a_local_run_ignores_it(shipping: World) -> None:
    run = shipping.launch()
    assert (run.state, run.runner.transfer) == (State.FINISHED, None)


def test_a_retry_and_a_rerun_ship_as_the_run_did(shipping: World) -> None:
    submit(shipping, "--seed 0", "--seed 1")
    for job, status in zip(shipping.scheduler.of(0, 1), (0, 1), strict=True):
        job.ends(status)
    shipping.look()
    world = shipping
    world.experiment("exit 0\n# changed\n")
    found = world.find()
    run = world.started(retry, found, [1], [], LaunchOptions("world"), {}, runners=world, view=View())
    assert run.runner.transfer is True
    batch = world.scheduler.batches[-1]
    assert [job.group for job in batch.jobs] == [1]
    assert batch.shipment == world.scheduler.batches[0].shipment


# ---- what comes back


def after(world: World, *, file: bool, state: State, **words: Any) -> Run:
    """Return a run whose job has ended like this, with or without a completion file."""
    submit(world)
    (job,) = world.scheduler.of(0)
    job.starts()
    if file:
        job.leaves(job._file(0))
    assert world.look().groups[0].state is State.RUNNING
    if state is State.CANCELLED:
        job.is_removed()
    else:
        job.ends(words.get("status", 0), file_after_s=None)
    world.clock.move(60)
    return world.look()


def test_a_completion_file_counts_once_the_scheduler_says_that_the_job_is_over(shipping: World) -> None:
    run = after(shipping, file=True, state=State.FINISHED)
    assert (run.groups[0].state, run.groups[0].exit_code, run.groups[0].source) == (State.FINISHED, 0, None)


def test_a_job_that_was_removed_is_cancelled_whatever_has_arrived(shipping: World) -> None:
    after(shipping, file=True, state=State.CANCELLED)
    for _ in range(2):
        shipping.clock.move(3_600)
        (group,) = shipping.look().groups
        assert (group.state, group.exit_code) == (State.CANCELLED, None)


def test_a_success_without_results_is_lost(shipping: World) -> None:
    (group,) = after(shipping, file=False, state=State.FINISHED).groups
    assert group.state is State.LOST
    assert group.reason.endswith("the world's scheduler reports exit code 0, but no completion.json came back")


def test_a_failure_without_results_says_so(shipping: World) -> None:
    (group,) = after(shipping, file=False, state=State.FAILED, status=3).groups
    assert (group.state, group.exit_code) == (State.FAILED, 3)
    assert group.reason == "exit code 3; no completion.json came back"


@pytest.mark.parametrize("transfer", [None, True])
def test_a_runner_that_cannot_transfer_says_so(transfer: bool | None) -> None:
    experiment = Experiment("train", Program("train.sh"), transfer=True)
    choice = RunnerChoice("slurm", "big", transfer=transfer)
    which = "template big" if transfer else "experiment train"
    with pytest.raises(UsageError, match=f"runner slurm cannot transfer files, and {which} has transfer: true"):
        decided(choice, experiment, LaunchOptions("slurm"), Registry())


def test_archives_are_removed_once_no_run_needs_them(shipping: World) -> None:
    run = submit(shipping)
    archive = shipping.scheduler.batches[0].shipment.archive  # type: ignore[union-attr]
    assert clean(shipping.project, []) == []
    os.utime(archive, (0, 0))
    assert clean(shipping.project, [run]) == []
    size = archive.stat().st_size
    assert clean(shipping.project, []) == [size]
    assert not archive.exists()
