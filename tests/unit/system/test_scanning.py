"""Scanning what is below a path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.system.scanning import LeftOut, Totals, scan


def scanned(path: Path, left_out: LeftOut | None = None) -> tuple[list[str], Totals]:
    """Return the paths that a scan yields, sorted, and its totals."""
    totals = Totals()
    return sorted(name for name, _ in scan(path, totals, left_out or LeftOut())), totals


def write(path: Path, text: str = "abc", time_s: int = 1_000) -> None:
    """Write a file that was modified at this time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time_s, time_s))


def test_files_at_every_depth_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b/c/d", "12345", 2_000)
    (tmp_path / "empty").mkdir()
    names, totals = scanned(tmp_path)
    assert names == ["a", "b/c/d"]
    assert (totals.files, totals.links, totals.bytes, totals.newest_ns) == (2, 0, 8, 2_000 * 10**9)


def test_a_file_alone_is_one(tmp_path: Path) -> None:
    write(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    for path in (tmp_path / "a", tmp_path / "link"):
        names, totals = scanned(path)
        assert (names, totals.files, totals.links, totals.bytes) == ([""], 1, 0, 3)


def test_links_inside_are_counted_and_not_followed_but_the_path_may_be_one(tmp_path: Path) -> None:
    write(tmp_path / "outside/secret")
    write(tmp_path / "data/a")
    (tmp_path / "data/out").symlink_to(tmp_path / "outside")
    (tmp_path / "data/around").symlink_to(tmp_path / "data")
    (tmp_path / "data/gone").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("data")
    names, totals = scanned(tmp_path / "link")
    assert names == ["a", "around", "gone", "out"]
    assert (totals.files, totals.links) == (4, 3)


def test_pipes_are_counted_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert scanned(tmp_path)[0] == ["pipe"]


def test_folders_are_left_out_by_name_and_by_path_but_not_the_top(tmp_path: Path) -> None:
    for name in ("a", ".git/x", "b/.git/x", "results/run/x", "b/results/x"):
        write(tmp_path / name)
    left_out = LeftOut({".git"}, {str(tmp_path / "results")})
    assert scanned(tmp_path, left_out)[0] == ["a", "b/results/x"]
    assert scanned(tmp_path / "results", left_out)[0] == ["run/x"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "private/x")
    (tmp_path / "private").chmod(0)
    try:
        names, totals = scanned(tmp_path)
        assert (names, totals.unreadable) == (["a"], {"private": "permission denied"})
        with pytest.raises(PermissionError):
            scanned(tmp_path / "private")
    finally:
        (tmp_path / "private").chmod(0o700)


def test_a_path_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scanned(tmp_path / "gone")


def test_a_folder_that_became_a_link_meanwhile_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "data/a")
    write(tmp_path / "data/b/c")
    write(tmp_path / "outside/secret")
    totals = Totals()
    scan_data = scan(tmp_path / "data", totals, LeftOut())
    assert next(scan_data)[0] == "a"
    (tmp_path / "data/b/c").unlink()
    (tmp_path / "data/b").rmdir()
    (tmp_path / "data/b").symlink_to(tmp_path / "outside")
    rest = [name for name, _ in scan_data]
    assert "b/secret" not in rest
    assert totals.unreadable in ({"b": "not a directory"}, {"b": "too many levels of symbolic links"})
