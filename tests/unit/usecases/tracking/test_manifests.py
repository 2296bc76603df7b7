"""What the groups of a run left is noted when it ends, wherever it ran, and however it ended."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.outputs import decode
from qanat.domain.run import Group, State
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.retry import retry
from qanat.usecases.tracking import manifests
from tests.support.world import World

WRITES = 'echo "$QANAT_RUN"; echo "$2" >"$4/out.txt"; mkdir "$4/deep"; echo x >"$4/deep/x.bin"\n'

TOO_DEEP = 'import os, sys; os.chdir(sys.argv[1]); [(os.mkdir("d" * 200), os.chdir("d" * 200)) for _ in range(25)]'


def listed(group: Group, own: Path) -> list[str]:
    """Return the paths in a group's list, which must be the one that the record means."""
    data = (own / "qanat_manifest.jsonl").read_bytes()
    assert group.outputs
    assert group.outputs.digest == hashlib.sha256(data).hexdigest()[:32]
    return [file.path for file in decode(data)]


def test_each_group_of_a_local_run_has_a_manifest_in_its_record_and_the_list_beside_its_files(world: World) -> None:
    world.experiment(WRITES)
    world.launch(groups=("--n 0", "--n 10"))
    first, second = world.recorded().groups
    for group in (first, second):
        assert listed(group, world.root / f"results/train/run_1/group_{group.number}") == ["deep/x.bin", "out.txt"]
    assert first.outputs
    assert second.outputs
    assert (first.outputs.files, first.outputs.bytes, second.outputs.bytes) == (2, 4, 5)
    assert world.committed() == world.recorded()


def test_a_program_that_leaves_nothing_has_no_manifest(world: World) -> None:
    world.experiment("echo printed\n")
    world.launch()
    assert world.recorded().groups[0].outputs is None
    assert not (world.root / "results/train/run_1/qanat_manifest.jsonl").exists()


def test_a_submitted_run_has_manifests_without_the_files_of_its_runner(world: World) -> None:
    world.experiment("exit 0\n")
    world.submit(2)
    for job in world.scheduler.of(0, 1):
        job.starts()
        job.leaves("0.5", "out.txt")
        job.ends()
    groups = world.look().groups
    assert [listed(group, world.root / f"results/train/run_1/group_{group.number}") for group in groups] == [
        ["out.txt"],
        ["out.txt"],
    ]


def test_a_run_whose_qanat_was_killed_gets_its_manifest_from_the_next_command(world: World) -> None:
    world.experiment(WRITES)
    run = world.left_alone(1)
    own = world.root / run.storage
    (own / "out.txt").write_text("0.5")
    (own / "completion.json").write_text(
        '{"attempt": 1, "status": 3, "started": "2026-11-23T05:17:50+00:00", "ended": "2026-11-23T05:17:55+00:00"}\n'
    )
    (group,) = world.look().groups
    assert group.state is State.FAILED
    assert listed(group, own) == ["out.txt"]


def test_a_retried_group_gets_another_manifest_and_the_others_keep_theirs(world: World) -> None:
    world.experiment('echo "$2" >>"$4/out.txt"; [ "$2" = 0 ] || exit 3\n')
    world.launch(groups=("--n 0", "--n 1"))
    before = world.recorded().groups
    (world.root / "results/train/run_1/group_0/out.txt").write_text("changed since")
    (world.root / "results/train/run_1/group_1/added.txt").write_text("set aside with the first attempt")
    words: dict[str, Any] = {"runners": world, "view": world.view}
    world.started(retry, world.find(), [1], [], LaunchOptions(), {}, **words)
    after = world.recorded().groups
    assert after[0] == before[0]
    assert (after[1].attempt, after[1].outputs) == (2, before[1].outputs)


def test_what_does_not_fit_into_the_limit_is_counted_by_size(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "HASHED_BYTES_MAX", 200)
    world.experiment('head -c 101 /dev/zero >"$4/a.bin"; head -c 100 /dev/zero >"$4/b.bin"\n')
    world.launch(groups=("--n 0", "--n 1"))
    for group in world.recorded().groups:
        assert group.outputs
        assert (group.outputs.files, group.outputs.bytes, group.outputs.by_size) == (2, 201, 1)
        lines = (world.root / f"results/train/run_1/group_{group.number}/qanat_manifest.jsonl").read_text().splitlines()
        assert [json.loads(line)["sha256"] is None for line in lines] == [True, False]


def test_too_many_files_are_said_and_groups_without_them_still_have_manifests(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qanat.records.manifest.FILES_MAX", 3)
    world.experiment('for i in $(seq "$2"); do echo >"$4/$i.txt"; done\n')
    world.launch(groups=("--n 2", "--n 5"))
    first, second = world.recorded().groups
    assert first.outputs
    assert second.outputs is None
    about = "the outputs of run 1 of train are not all in its record"
    assert f"{about}: there are more than 3 files" in world.outcome.notes


def test_a_list_that_cannot_be_written_is_said_and_the_run_is_recorded(world: World) -> None:
    world.experiment('echo 1 >"$2/out.txt"; mkdir -p "$2/qanat_manifest.jsonl/x"\n')
    world.launch()
    (group,) = world.recorded().groups
    assert (group.state, group.outputs) == (State.FINISHED, None)
    (note,) = world.outcome.notes
    assert note.startswith("the outputs of run 1 of train are not all in its record: ")
    assert note.endswith("qanat_manifest.jsonl: is a directory")


def test_folders_that_cannot_be_read_are_said_and_their_group_has_no_manifest(world: World) -> None:
    world.experiment(f'echo >"$4/out.txt"; [ "$2" = 0 ] || "{sys.executable}" -c \'{TOO_DEEP}\' "$4"\n')
    world.launch(groups=("--n 0", "--n 1"))
    first, second = world.recorded().groups
    assert first.outputs
    assert second.outputs is None
    (note,) = world.outcome.notes
    assert note.startswith("the outputs of run 1 of train are not all in its record: group_1/ddd")
    assert note.endswith("… cannot be read: file name too long")


def test_the_directory_of_a_group_that_became_a_link_is_said(world: World) -> None:
    world.experiment('[ "$2" = 0 ] || { mv "$4" "$4.away"; ln -s "$4.away" "$4"; }\n')
    world.launch(groups=("--n 0", "--n 1"))
    about = "the outputs of run 1 of train are not all in its record"
    assert f"{about}: group_1 cannot be read: is a symbolic link" in world.outcome.notes


def test_nothing_is_noted_in_a_directory_that_qanat_did_not_make_for_the_run(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious.txt").write_text("precious")
    world.experiment(f'mv "$2" "$2.away"; ln -s "{tmp_path}/elsewhere" "$2"\n')
    world.launch()
    assert world.recorded().groups[0].outputs is None
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["precious.txt"]
