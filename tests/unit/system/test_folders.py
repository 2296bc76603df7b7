"""Directories by descriptor, and files written in them: no symbolic link is followed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.domain.sharing import Sharing
from qanat.errors import WriteFailed
from qanat.system import folders


def test_a_file_is_replaced_and_its_folder_created_if_needed(tmp_path: Path) -> None:
    folders.write(tmp_path / "a/b/file", b"one", sharing=Sharing(0o660))
    folders.write(tmp_path / "a/b/file", b"two", sharing=Sharing(0o660))
    assert (tmp_path / "a/b/file").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["file"]
    assert (tmp_path / "a/b/file").stat().st_mode & 0o060 == 0o060


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    folders.append(tmp_path / "file", b"one\n")
    folders.append(tmp_path / "file", b"two\n", sharing=Sharing(0o660))
    assert (tmp_path / "file").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "file").stat().st_mode & 0o060 == 0o060


@pytest.mark.parametrize("path", ["link/file", "link/deep/file", "a/link/file"])
@pytest.mark.parametrize("put", [folders.write, folders.append])
def test_no_link_is_followed_to_a_file(tmp_path: Path, put: Callable[[Path, bytes], None], path: str) -> None:
    (tmp_path / "mine/deep").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    for link in ("link", "a/link"):
        (tmp_path / link).symlink_to(tmp_path / "mine")
    named = tmp_path / path[: path.index("link") + 4]
    with pytest.raises(WriteFailed) as caught:
        put(tmp_path / path, b"x")
    assert caught.value.message == f"cannot write {tmp_path / path}: {named} is a symbolic link"
    assert caught.value.hint == "remove the link, or replace it with what it points to"
    assert [file for file in (tmp_path / "mine").rglob("*") if file.is_file()] == []


def test_a_link_in_the_place_of_a_file_is_replaced_but_never_appended_to(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "file").symlink_to("mine")
    with pytest.raises(WriteFailed, match="file is a symbolic link"):
        folders.append(tmp_path / "file", b"x")
    folders.write(tmp_path / "file", b"x")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_a_failure_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed) as caught:
        folders.write(tmp_path / "file/a", b"x")
    assert caught.value.message == f"cannot write {tmp_path}/file/a: not a directory"


def test_only_links_to_a_path_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "results").symlink_to("disk")
    (tmp_path / "disk/run").symlink_to("elsewhere")
    assert folders.plain(tmp_path / "results/run") == tmp_path / "disk/run"
