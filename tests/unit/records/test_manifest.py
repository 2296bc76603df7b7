"""The list of the files that a group left: which files count, which are hashed, and when a list is believed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.outputs import OutputFile
from qanat.records import manifest
from qanat.records.storage import MANIFEST
from tests.support.deep import too_deep


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory with files, links, a pipe and what is left out."""
    folder = tmp_path / "run_1"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "commands").mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    for name in ("b.txt", "a/", "deep/er/c.txt", "commands/0.sh", "info.yaml", "deep/info.yaml"):
        if not name.endswith("/"):
            (folder / name).write_text(name)
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    (folder / "deep/folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    return folder


def test_regular_files_count_in_the_order_of_their_names_and_nothing_else_does(folder: Path) -> None:
    found = manifest.left_in(folder, {"info.yaml", "commands"})
    assert list(found.sizes.items()) == [("b.txt", 5), ("deep/er/c.txt", 13), ("deep/info.yaml", 14)]
    assert not found.unreadable


def test_folders_whose_files_cannot_be_listed_are_named(folder: Path) -> None:
    deepest = too_deep(folder)
    found = manifest.left_in(folder, {"commands"})
    assert "b.txt" in found.sizes
    assert list(found.unreadable.items()) == [(deepest, "file name too long")]
    assert not manifest.left_in(folder, {deepest.partition("/")[0]}).unreadable


def test_a_directory_that_a_link_leads_to_is_not_read(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    with pytest.raises(OSError, match="link"):
        manifest.left_in(link, ())
    assert manifest.hashed(link, "b.txt", 5) is None


def test_more_files_than_asked_for_are_not_listed(folder: Path) -> None:
    assert len(manifest.left_in(folder, (), 5).sizes) == 5
    with pytest.raises(manifest.TooManyFiles):
        manifest.left_in(folder, (), 4)


def test_files_are_hashed_in_their_order_as_far_as_they_fit_into_the_limit() -> None:
    found = {"a": 5, "b": 20, "c": 4, "d": 2, "e": 0}
    assert manifest.chosen(found, 10) == {"a", "c", "e"}


def test_a_file_is_hashed_unless_it_grows_or_is_behind_a_link(folder: Path) -> None:
    assert manifest.hashed(folder, "deep/er/c.txt", 13) == hashlib.sha256(b"deep/er/c.txt").hexdigest()
    assert manifest.hashed(folder, "deep/er/c.txt", 12) is None
    for path in ("link", "deep/folder/outside.txt", "pipe", "gone"):
        assert manifest.hashed(folder, path, 100) is None


def test_a_list_is_believed_if_it_is_the_one_that_the_record_means(folder: Path) -> None:
    listed = [OutputFile("b.txt", 5, "ab"), OutputFile("a.txt", 0, None)]
    outputs = manifest.write(folder, listed, None)
    assert manifest.read(folder, outputs) == {file.path: file for file in listed}
    assert manifest.read(folder, replace(outputs, digest="0" * 32)) is None
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text().replace("ab", "ba"))
    assert manifest.read(folder, outputs) is None
    (folder / MANIFEST).unlink()
    assert manifest.read(folder, outputs) is None


def test_a_list_of_more_files_than_qanat_lists_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [OutputFile("a.txt", 0, None), OutputFile("b.txt", 5, "ab")]
    outputs = manifest.write(folder, listed, None)
    monkeypatch.setattr(manifest, "FILES_MAX", 2)
    assert manifest.read(folder, outputs) == {file.path: file for file in listed}
    monkeypatch.setattr(manifest, "FILES_MAX", 1)
    assert manifest.read(folder, outputs) is None
