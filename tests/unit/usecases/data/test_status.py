"""The status of datasets: what they are, and since which runs they have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.experiment import Dataset
from qanat.usecases.data.bounds import Bounds
from qanat.usecases.data.status import DatasetStatus, status_of
from tests.support.world import World
from tests.unit.usecases.data.datasets import dataset, put


def status(world: World, name: str) -> DatasetStatus:
    """Return the status of one dataset."""
    (found,) = status_of(world.project, [world.project.dataset(name)])
    return found


def datasets(world: World) -> list[Dataset]:
    """Return all datasets."""
    return [world.project.dataset(name) for name in world.project.names("dataset")]


def runs(found: DatasetStatus) -> list[tuple[int, str, str | None]]:
    """List the runs of a status with their experiments and how the data differ now."""
    return [(run.number, run.experiment, run.difference) for run in found.runs]


def test_each_run_with_the_data_says_how_they_differ_now(with_data: World) -> None:
    with_data.launch()
    with_data.experiment("exit 0\n", name="other", datasets=["big"])
    with_data.launch(experiment="other")
    put(with_data, "big/3", "333")
    with_data.launch()
    found = status(with_data, "big")
    differs = "3 files, was 2 (6 B, was 3 B)"
    assert runs(found) == [(3, "train", ""), (2, "other", differs), (1, "train", differs)]
    assert [run.number for run in found.last_same] == [3]
    assert [run.number for run in found.last_other] == [2, 1]
    assert found.state
    assert found.state.files == 3


def test_uncommitted_changes_of_data_in_git_are_seen(with_data: World) -> None:
    with_data.launch()
    assert runs(status(with_data, "iris")) == [(1, "train", "")]
    with_data.write("data/iris/a.csv", "2,1\n")
    assert runs(status(with_data, "iris")) == [(1, "train", "changed since that commit")]
    with_data.write("data/iris/c.csv", "")
    assert runs(status(with_data, "iris")) == [(1, "train", "3 files, was 2")]


def test_no_program_is_started_and_what_runs_recorded_is_known(with_data: World, tmp_path: Path) -> None:
    dataset(with_data, "big", "big", track="command", command=f"sh -c 'echo x >> {tmp_path}/started; echo v1'")
    with_data.launch()
    found = status(with_data, "big")
    assert (tmp_path / "started").read_text() == "x\n"
    assert found.unknown == "its command is run only for runs"
    assert [(run.state.id, run.difference) for run in found.runs] == [("v1", None)]


def test_what_is_not_looked_at_says_why(with_data: World) -> None:
    dataset(with_data, "url", "s3://b")
    dataset(with_data, "far", "/nowhere", check=False)
    dataset(with_data, "none", "big", track="none")
    dataset(with_data, "gone", "gone")
    assert {name: status(with_data, name).unknown for name in ("url", "far", "none", "gone", "big")} == {
        "url": "a URL, which runs record as it is",
        "far": "not looked at: check is false",
        "none": "not tracked",
        "gone": "does not exist",
        "big": "",
    }


def test_runs_that_tracked_the_data_in_another_way_are_not_said_to_have_had_the_same(with_data: World) -> None:
    with_data.launch()
    dataset(with_data, "big", "big", track="hash")
    found = status(with_data, "big")
    assert runs(found) == [(1, "train", None)]
    assert found.last_same == found.last_other == []


def test_many_data_outside_of_the_project_are_left_out(with_data: World, tmp_path: Path) -> None:
    bounds = Bounds(files=2, hashed_bytes=2)
    for name in "abc":
        put(with_data, f"big/{name}", "")
        (tmp_path / "far").mkdir(exist_ok=True)
        (tmp_path / "far" / name).write_text("1")
    (with_data.root / "link").symlink_to(tmp_path / "far")
    (with_data.root / "inner").symlink_to("big")
    dataset(with_data, "far", str(tmp_path / "far"))
    dataset(with_data, "link", "link")
    dataset(with_data, "inner", "inner")
    dataset(with_data, "all", ".")
    dataset(with_data, "versioned", str(tmp_path / "far"), track="git")
    found = {one.dataset.name: one for one in status_of(with_data.project, datasets(with_data), bounds)}
    for name in ("far", "link", "versioned"):
        end = f"outside of the project; to look at all: qanat dataset status {name} --full"
        assert (found[name].state, found[name].unknown) == (None, f"more than 2 files, {end}")
        assert status(with_data, name).unknown == ""
    assert [found[name].unknown for name in ("big", "inner", "all")] == ["", "", ""]


def test_only_bytes_whose_hashes_are_not_known_count_as_many(
    with_data: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qanat.records.file_hashes.is_settled", lambda stamp, now_ns: True)
    far = tmp_path / "far"
    far.mkdir()
    for name in "abc":
        (far / name).write_text("1")
    dataset(with_data, "large", str(far), track="hash")
    large = [with_data.project.dataset("large")]
    (found,) = status_of(with_data.project, large, Bounds(files=9, hashed_bytes=2))
    assert found.unknown.startswith("more than 2 B to hash, outside of the project; ")
    assert status(with_data, "large").unknown == ""
    (known,) = status_of(with_data.project, large, Bounds(files=9, hashed_bytes=2))
    assert known.state is not None
    assert known.state.id


def test_data_that_cannot_be_read_are_not_said_to_have_changed(with_data: World) -> None:
    with_data.launch()
    dataset(with_data, "big", "big", track="git")
    put(with_data, "big/.git", "gitdir: nowhere\n")
    found = status(with_data, "big")
    assert found.state
    assert found.state.problem
    assert runs(found) == [(1, "train", None)]
    assert found.last_other == []
