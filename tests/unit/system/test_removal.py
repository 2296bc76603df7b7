"""Removing one directory and no other: links, races, mount points, other users' files, kills."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from qanat.errors import NotRemoved
from qanat.system import folders, removal
from qanat.system.removal import Removal

ROUNDS = 200
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and give files away")


def planned(path: Path) -> Removal:
    found = folders.identify(path)
    assert found
    return Removal(path, found, f"{removal.TRASH}0123")


def remove(path: Path) -> None:
    removal.remove(removal.make_trash(planned(path)))


def filled(path: Path) -> Path:
    """Create a directory with files and folders."""
    (path / "inner/deep").mkdir(parents=True)
    for name in ("a", "inner/b", "inner/deep/c"):
        (path / name).write_text("x")
    return path


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return somebody's directory, which must survive."""
    return filled(tmp_path / "victim")


def files_in(folder: Path) -> dict[str, int]:
    """Map what is in a directory to its mode."""
    return {str(p.relative_to(folder)): p.lstat().st_mode for p in [folder, *folder.rglob("*")]}


def test_a_directory_is_removed_with_everything_in_it_and_nothing_is_left(tmp_path: Path) -> None:
    remove(filled(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


def test_links_go_and_what_they_lead_to_stays(tmp_path: Path, victim: Path) -> None:
    before = files_in(victim)
    run = filled(tmp_path / "run")
    (run / "link").symlink_to(victim)
    (run / "inner/file").symlink_to(victim / "a")
    (run / "dangling").symlink_to("nowhere")
    os.link(victim / "a", run / "hard")
    remove(run)
    assert files_in(victim) == before
    assert (victim / "a").read_text() == "x"
    assert [p.name for p in tmp_path.iterdir()] == ["victim"]


@pytest.mark.parametrize("mode", [0o500, 0o000, 0o300])
def test_folders_without_permissions_go(tmp_path: Path, mode: int) -> None:
    run = filled(tmp_path / "run")
    (run / "inner/deep").chmod(mode)
    (run / "inner").chmod(mode)
    run.chmod(mode)
    remove(run)
    assert list(tmp_path.iterdir()) == []


def test_a_deep_tree_needs_few_descriptors(tmp_path: Path) -> None:
    command = "d = 'run'\nimport os\nfor n in range(1100):\n    os.mkdir('d')\n    os.chdir('d')\nopen('x', 'w')"
    (tmp_path / "run").mkdir()
    subprocess.run(["python3", "-c", command], cwd=tmp_path / "run", check=True)
    remove(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_another_directory_at_the_same_path_is_left_alone(tmp_path: Path, victim: Path) -> None:
    going = removal.make_trash(planned(filled(tmp_path / "run")))
    (tmp_path / "run").rename(tmp_path / "moved")
    victim.rename(tmp_path / "run")
    before = files_in(tmp_path / "run")
    removal.remove(going)
    assert files_in(tmp_path / "run") == before
    assert (tmp_path / "moved/a").exists()


def test_what_was_swapped_into_the_private_folder_is_moved_back(tmp_path: Path, victim: Path) -> None:
    going = removal.make_trash(planned(filled(tmp_path / "run")))
    (tmp_path / "run").rename(tmp_path / "moved")
    before = files_in(victim)
    victim.rename(tmp_path / going.trash / "d")
    with pytest.raises(NotRemoved, match="run was replaced meanwhile"):
        removal.finish(going)
    assert files_in(tmp_path / "run") == before
    assert not (tmp_path / going.trash).exists()


def test_a_link_on_the_way_is_refused(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "link").symlink_to(victim)
    before = files_in(victim)
    with pytest.raises(NotRemoved, match="link is a symbolic link"):
        remove(tmp_path / "link/inner")
    assert folders.identify(tmp_path / "link") is None
    assert files_in(victim) == before


@pytest.mark.slow
def test_a_parent_that_becomes_a_link_between_check_and_removal_harms_nobody(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        base = tmp_path / str(number)
        victim, run = filled(base / "victims/run"), filled(base / "parent/run")
        before, going = files_in(victim), planned(run)
        start = threading.Barrier(2)

        def swap(base: Path = base, start: threading.Barrier = start, pauses: int = number) -> None:
            (base / "link").symlink_to(base / "victims")
            start.wait()
            for _ in range(pauses % 40):
                os.sched_yield()
            (base / "parent").rename(base / "other")
            (base / "link").rename(base / "parent")

        thread = threading.Thread(target=swap)
        thread.start()
        start.wait()
        with suppress(NotRemoved):
            removal.remove(removal.make_trash(going))
        thread.join()
        assert files_in(victim) == before
        assert {path.name for path in (base / "victims").iterdir()} <= {"run", going.trash}


@needs_root
@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_a_mount_point_is_named_and_nothing_is_removed(tmp_path: Path, victim: Path, kind: str) -> None:
    run = filled(tmp_path / "run")
    (run / "inner/mnt").mkdir()
    words = ["-t", "tmpfs", "tmpfs"] if kind == "tmpfs" else ["--bind", str(victim)]
    if subprocess.run(["mount", *words, str(run / "inner/mnt")], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        (run / "inner/mnt/precious").write_text("x")
        assert removal.obstacle(run) == f"{run}/inner/mnt is a mount point"
        with pytest.raises(NotRemoved):
            remove(run)
        assert next(tmp_path.rglob("precious")).read_text() == "x"
    finally:
        subprocess.run(["umount", "-l", *map(str, tmp_path.rglob("mnt"))], check=True)
        subprocess.run(["umount", "-l", *map(str, tmp_path.glob("*/*"))], check=False, capture_output=True)


@needs_root
def test_a_file_of_another_user_is_named(tmp_path: Path) -> None:
    run = filled(tmp_path / "run")
    assert removal.obstacle(run) == ""
    os.chown(run / "inner/b", 12345, 12345)
    assert removal.obstacle(run) == f"{run}/inner/b belongs to user 12345"
    os.chown(run / "inner/b", 1, 1)
    assert removal.obstacle(run) == f"{run}/inner/b belongs to user daemon"


@pytest.mark.parametrize("step", range(4))
def test_a_removal_that_was_killed_is_finished(tmp_path: Path, step: int) -> None:
    run = filled(tmp_path / "run")
    begun = planned(run)
    if step >= 1:
        begun = removal.make_trash(begun)
    if step >= 2:
        run.rename(tmp_path / begun.trash / "d")
    if step >= 3:
        (tmp_path / begun.trash / "d/inner").rename(tmp_path / begun.trash / "0")
    removal.finish(begun)
    removal.finish(begun)
    assert [p.name for p in tmp_path.iterdir()] == ([] if step >= 2 else ["run"])


def test_another_folder_in_place_of_the_private_one_is_left_alone(tmp_path: Path, victim: Path) -> None:
    begun = removal.make_trash(planned(filled(tmp_path / "run")))
    (tmp_path / begun.trash).rmdir()
    victim.rename(tmp_path / begun.trash)
    removal.finish(begun)
    assert (tmp_path / begun.trash / "a").exists()
