"""The ways to track data: their hash, the repository that has them, what a program says, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.domain.data import DataState
from qanat.errors import InputInvalid, UsageError
from qanat.system import hashing
from qanat.usecases.data.look import Data, look
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from tests.support.repository import Repository
from tests.support.world import World
from tests.unit.usecases.data.datasets import TIME_S, again, dataset, put, told

# Put together here, so that no scanner takes this file for one with a token.
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def looked_at(world: World, path: Path | str, track: str) -> DataState:
    """Look at data outside of git."""
    return look(world.project, Data("d", str(path), track))


def hashed(world: World, path: Path | str) -> str:
    """Return the hash of data."""
    state = looked_at(world, path, "hash")
    assert state.problem == ""
    return state.id


# ---- hash


def test_a_hash_is_that_of_a_file_or_of_all_files_with_their_paths(world: World, tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b/c", "2")):
        put(world, f"big/{name}", text)
    folder = world.root / "big"
    first = hashed(world, folder)
    assert hashed(world, folder / "a") == f"sha256:{hashing.sha256_of(folder / 'a')}"
    put(world, "big/b/c", "3")
    assert hashed(world, folder) != first
    put(world, "big/b/c", "2")
    assert hashed(world, folder) == first
    (folder / "b").rename(folder / "d")
    assert hashed(world, folder) != first


def test_a_link_counts_with_its_target_which_is_not_read(world: World, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("1")
    put(world, "big/a", "1")
    link = world.root / "big/link"
    link.symlink_to(tmp_path / "outside")
    first = hashed(world, world.root / "big")
    (tmp_path / "outside").write_text("2")
    assert hashed(world, world.root / "big") == first
    link.unlink()
    link.symlink_to("a")
    assert hashed(world, world.root / "big") != first


def test_only_files_that_have_changed_are_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        put(world, f"big/{name}", name)
    read: list[str] = []
    sha256 = hashing._sha256

    def noted(path: str, *args: object) -> str:
        read.append(Path(path).name)
        return sha256(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(hashing, "_sha256", noted)
    monkeypatch.setattr("qanat.records.file_hashes.is_settled", lambda stamp, now_ns: True)
    first = hashed(world, world.root / "big")
    assert sorted(read) == ["a", "b", "c"]
    assert hashed(world, world.root / "big") == first
    assert len(read) == 3
    put(world, "big/b", "B")
    os.utime(world.root / "big/b", (TIME_S, TIME_S))  # as if nothing had happened
    assert hashed(world, world.root / "big") != first
    assert read[3:] == ["b"]


def test_a_file_that_cannot_be_hashed_is_a_problem_and_no_hash(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world, "big/a", "1")

    def refuse(*args: object) -> str:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(hashing, "_sha256", refuse)
    state = looked_at(world, world.root / "big", "hash")
    assert (state.id, state.problem) == ("", "1 file cannot be read: a: permission denied")
    assert state.files == 1


def test_a_run_records_the_hash_and_a_launch_says_that_it_differs(with_data: World) -> None:
    dataset(with_data, "big", "big", track="hash")
    first = with_data.launch()
    assert first.data[1] == DataState("big", "hash", 2, bytes=3, id=hashed(with_data, with_data.root / "big"))
    put(with_data, "big/2", "23")
    again(with_data)
    (line,) = told(with_data)
    assert line.startswith("data differ from those of run 1: big: sha256 ")


# ---- git, DVC


def test_data_that_are_a_repository_are_its_commit_and_counted_if_changed(world: World, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    repository = Repository(tmp_path / "data")
    repository.git("init", "--quiet")
    commit = repository.commit(**{"a": "12"})
    assert looked_at(world, repository.root, "git") == DataState("d", "git", id=f"commit:{commit}")
    put(World(repository.root), "b", "345")
    state = looked_at(world, repository.root, "git")
    assert (state.id, state.changed, state.files, state.bytes) == (f"commit:{commit}", True, 2, 5)
    assert state.newest


def test_data_without_a_repository_are_a_problem(world: World, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert looked_at(world, tmp_path / "data", "git").problem == "is not in a repository"


def test_data_of_dvc_have_its_md5_and_are_changed_if_their_size_is_another(world: World) -> None:
    put(world, "data/set/a", "12")
    put(world, "data/set/b", "3")
    md5 = "0123456789abcdef0123456789abcdef.dir"
    world.write("data/set.dvc", f"outs:\n- md5: {md5}\n  size: 3\n  nfiles: 2\n  hash: md5\n  path: set\n")
    state = looked_at(world, world.root / "data/set", "git")
    assert state == DataState("d", "git", 2, bytes=3, id=f"md5:{md5}")
    put(world, "data/set/b", "34")
    assert looked_at(world, world.root / "data/set", "git").changed


def test_data_that_a_pipeline_of_dvc_makes_have_the_md5_in_its_lock_file(world: World, tmp_path: Path) -> None:
    put(world, "pipeline/made/set/a", "12")
    md5 = "0123456789abcdef0123456789abcdef.dir"
    output = f"{{path: made/set, hash: md5, md5: {md5}, size: 2, nfiles: 1}}"
    world.write("pipeline/dvc.lock", f"schema: '2.0'\nstages:\n  a: 5\n  b: {{cmd: x, outs: [{output}]}}\n")
    state = looked_at(world, world.root / "pipeline/made/set", "git")
    assert state == DataState("d", "git", 1, bytes=2, id=f"md5:{md5}")
    # The lock file of another repository, around this one, says nothing about these data.
    (world.root / "pipeline/dvc.lock").unlink()
    (tmp_path / "dvc.lock").write_text(f"stages: {{b: {{outs: [{output.replace('made', 'pipeline/made')}]}}}}")
    problem = looked_at(world, world.root / "pipeline/made/set", "git").problem
    assert problem == "is in a repository, but not in its last commit"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "outs: 5\n",
        "outs: [{path: other, md5: a}]\n",
        "outs: [{path: set}]\n",
        "a: [\n",
        r'outs: [{path: set, md5: "0123\n  as for run 7"}]',
    ],
)
def test_a_dvc_file_that_does_not_say_is_left_out(world: World, text: str) -> None:
    put(world, "data/set/a", "12")
    world.write("data/set.dvc", text)
    assert looked_at(world, world.root / "data/set", "git").problem == "is in a repository, but not in its last commit"


# ---- command


def test_what_a_program_prints_is_the_version(with_data: World) -> None:
    with_data.write("version.sh", 'echo "v$(cat "$1/1")"\n')
    dataset(with_data, "big", "big", track="command", command="sh version.sh")
    assert with_data.launch().data[1] == DataState("big", "command", id="v1")
    put(with_data, "big/1", "2")
    with_data.launch()
    assert told(with_data) == ["data changed since run 1: big: v2, was v1"]


@pytest.mark.parametrize("redirected", ["", " >&2"])
def test_a_program_that_prints_without_end_is_killed(with_data: World, redirected: str) -> None:
    dataset(with_data, "big", "big", track="command", command=f"sh -c 'exec yes{redirected}'")
    with_data.launch()
    assert told(with_data) == ["big: its command did not end within 60 s, or printed more than 1.0 MB, and was killed"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("sh -c 'echo oh no >&2; exit 3'", "big: its command ended with exit code 3: oh no"),
        ("true", "big: its command printed nothing"),
        ("sh -c 'seq 1000'", "big: its command printed more than 200 characters"),
        ("nothing-of-this-name", "big: its command nothing-of-this-name cannot be started: no such file or directory"),
        ("sh 'x", "big: its command cannot be run: no closing quotation"),
    ],
)
def test_a_program_that_fails_is_a_problem_and_the_run_goes_on(with_data: World, command: str, problem: str) -> None:
    dataset(with_data, "big", "big", track="command", command=command)
    run = with_data.launch()
    assert told(with_data) == [problem]
    assert run.data[1].problem == problem.removeprefix("big: ")


def test_data_are_not_started_themselves_if_the_command_is_empty(with_data: World, tmp_path: Path) -> None:
    program = tmp_path / "data.sh"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    dataset(with_data, "big", str(program), track="command", command=" ")
    with_data.launch()
    assert told(with_data) == ["big: its command is empty"]


def test_a_program_that_prints_a_secret_is_refused(with_data: World) -> None:
    with_data.write("token.sh", f"printf ghp_; printf {TOKEN[4:]}\n")
    dataset(with_data, "big", "big", track="command", command="sh token.sh")
    with pytest.raises(UsageError, match="command of dataset: big contains what looks like"):
        with_data.launch()
    assert with_data.launch(allow_secrets=True).data[1].id == TOKEN


def test_a_program_that_prints_a_secret_by_the_time_of_a_retry_is_refused(with_data: World) -> None:
    dataset(with_data, "big", "big/version", track="command", command="cat")
    with_data.experiment("exit 1\n", datasets=["big"])
    put(with_data, "big/version", "v1")
    run = with_data.launch()
    put(with_data, "big/version", TOKEN)
    asked = (with_data.find(1), [0], [])
    with pytest.raises(UsageError, match="command of dataset: big contains what looks like"):
        with_data.started(retry, *asked, LaunchOptions(), {}, runners=with_data, view=with_data.view)
    assert with_data.committed(1) == run
    allowed = LaunchOptions(allow_secrets=True)
    again = with_data.started(retry, *asked, allowed, {}, runners=with_data, view=with_data.view)
    assert [state.id for state in again.submission.data] == [TOKEN]


def test_no_program_is_started_for_a_dataset_that_is_no_longer_defined(with_data: World, tmp_path: Path) -> None:
    dataset(with_data, "big", "big", track="command", command=f"sh -c 'echo x >> {tmp_path}/started; echo v1'")
    with_data.launch()
    with_data.git("rm", "--quiet", ".qanat/datasets/big.yaml")
    with_data.commit()
    again(with_data)
    assert (tmp_path / "started").read_text() == "x\n"
    assert [state.name for state in with_data.outcome.run.data] == ["iris"]


# ---- nothing, elsewhere


def test_nothing_is_recorded_where_that_is_asked_for(with_data: World) -> None:
    dataset(with_data, "big", "big", track="none")
    assert [state.name for state in with_data.launch().data] == ["iris"]


def test_urls_and_places_of_other_machines_are_passed_on(with_data: World) -> None:
    dataset(with_data, "iris", "s3://bucket//iris")
    dataset(with_data, "big", "~/big", check=False)
    with_data.experiment('echo "$@" > results/said\n', datasets=["iris", "big"])
    run = with_data.launch()
    assert run.datasets == {"iris": "s3://bucket//iris", "big": "~/big"}
    assert run.data == ()
    said = (with_data.root / "results/said").read_text()
    assert f"--dataset_path s3://bucket//iris --dataset_path {Path.home()}/big" in said
    dataset(with_data, "iris", "s3://bucket/2")
    again(with_data, head=True)
    assert told(with_data) == ["data differ from those of run 1: iris: s3://bucket/2, was s3://bucket//iris"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("gone", "dataset big: path gone does not exist"),
        ("file:///data", "dataset big: path file:///data is a URL of a file; use its path"),
    ],
)
def test_data_that_are_not_there_are_refused(with_data: World, path: str, problem: str) -> None:
    dataset(with_data, "big", path)
    with pytest.raises(InputInvalid, match=problem):
        with_data.launch()
