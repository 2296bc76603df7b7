"""Files below a folder: read, written, listed and removed through no symbolic link, whatever lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.domain.sharing import Sharing
from qanat.errors import InputInvalid, WriteFailed
from qanat.system import below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a file, beside a folder that belongs to somebody else."""
    (tmp_path / "root/a/b").mkdir(parents=True)
    (tmp_path / "root/a/b/file").write_text("text")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("secret")
    return tmp_path / "root"


def test_a_file_is_written_read_found_and_removed(root: Path) -> None:
    below.write(root, "a/new/deep/file", b"one", durable=True)
    below.write(root, "a/new/deep/file", b"two")
    assert below.read(root, "a/new/deep/file") == b"two"
    assert below.read(root, "a/new/deep/file", 3) == b"two"
    assert below.head(root, "a/new/deep/file", 2) == b"tw"
    assert below.has_file(root, "a/new/deep/file")
    below.remove(root, "a/new/deep/file")
    below.remove(root, "a/new/deep/file")
    below.remove(root, "a/b/file/no/folder")
    assert not below.has_file(root, "a/new/deep/file")
    assert below.names(root, "a/new/deep") == []


def test_what_is_written_is_shared(root: Path) -> None:
    below.write(root, "shared/file", b"x", sharing=Sharing(0o660))
    assert (root / "shared/file").stat().st_mode & 0o060 == 0o060
    assert (root / "shared").stat().st_mode & 0o2070 == 0o2070


def test_entries_are_told_apart(root: Path) -> None:
    (root / "a/link").symlink_to("b")
    (root / "a/dead").symlink_to("nowhere")
    os.mkfifo(root / "a/pipe")
    (root / "a/f").write_text("12")
    found = {entry.name: (entry.is_file, entry.is_folder) for entry in below.entries(root, "a")}
    neither = (False, False)
    assert found == {"b": (False, True), "f": (True, False), "link": neither, "dead": neither, "pipe": neither}
    assert sorted(below.names(root, "a")) == sorted(found)
    assert below.sizes(root, "a") == {"f": 2}
    for folder in ("none", "a/f", "a/link", "a/pipe"):
        assert below.entries(root, folder) == []
        assert below.names(root, folder) == []
        assert below.sizes(root, folder) == {}


def outside(root: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in (root.parent / "mine").rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", ["a", "a/b"])
@pytest.mark.parametrize("target", ["../mine", "nowhere", "loop"])
def test_a_link_on_the_way_is_refused_and_named(root: Path, place: str, target: str) -> None:
    (root / "a").rename(root / "before")
    link = root / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(root.parent / "mine" if target == "../mine" else link if target == "loop" else target)
    before = outside(root)
    said = f"{place} is a symbolic link, but must be a folder"
    with pytest.raises(InputInvalid, match=said) as error:
        below.write(root, "a/b/file", b"x")
    assert error.value.hint == "replace it with a folder"
    with pytest.raises(InputInvalid, match=said):
        below.remove(root, "a/b/file")
    with pytest.raises(InputInvalid, match="a/b/file: is a symbolic link, but must be a folder"):
        below.read(root, "a/b/file")
    assert not below.has_file(root, "a/b/file")
    assert outside(root) == before
    assert not (root / "nowhere").exists()


def test_a_link_in_the_place_of_a_file_is_replaced_or_removed_but_not_read(root: Path) -> None:
    file = root / "a/b/file"
    for _ in range(2):
        file.unlink()
        file.symlink_to(root.parent / "mine/file")
        with pytest.raises(InputInvalid, match=r"^a/b/file: is a symbolic link$") as error:
            below.read(root, "a/b/file")
        assert error.value.hint == "replace it with the file itself"
        below.write(root, "a/b/file", b"x")
        assert not file.is_symlink()
    file.unlink()
    file.symlink_to(root.parent / "mine/file")
    below.remove(root, "a/b/file")
    assert outside(root) == {str(root.parent / "mine/file"): "secret"}


def test_a_temporary_file_that_is_a_link_is_not_written_through(root: Path) -> None:
    (root / f"a/b/.file.{os.getpid()}.tmp").symlink_to(root.parent / "mine/file")
    below.write(root, "a/b/file", b"x")
    assert outside(root) == {str(root.parent / "mine/file"): "secret"}
    assert below.names(root, "a/b") == ["file"]


def pipe(file: Path) -> None:
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.mkdir()


def unreadable(file: Path) -> None:
    file.write_text("x")
    file.chmod(0)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (pipe, "is a pipe or a device, not a file"),
        (folder, "is a directory"),
        pytest.param(
            unreadable, "permission denied", marks=pytest.mark.skipif(os.geteuid() == 0, reason="root reads all")
        ),
    ],
)
def test_what_is_no_file_is_not_read(root: Path, make: Callable[[Path], None], problem: str) -> None:
    (root / "a/b/file").unlink()
    make(root / "a/b/file")
    with pytest.raises(InputInvalid, match=f"^a/b/file: {problem}$"):
        below.read(root, "a/b/file")


def test_a_file_that_is_too_large_is_not_read(root: Path) -> None:
    (root / "big").write_bytes(b"x" * (2**20 + 1))
    with pytest.raises(InputInvalid, match=r"^big: is larger than 1 MiB$"):
        below.read(root, "big", 2**20)


@pytest.mark.parametrize("path", ["../mine/file", "a/../../mine/file", "a/./b/file", "a//b/file"])
def test_a_path_does_not_lead_out(root: Path, path: str) -> None:
    assert not below.has_file(root, path)
    with pytest.raises(InputInvalid, match=r"is not a path inside the folder"):
        below.read(root, path)
    with pytest.raises(WriteFailed):
        below.write(root, path, b"x")
    assert outside(root) == {str(root.parent / "mine/file"): "secret"}


def test_a_failed_write_leaves_the_file_and_nothing_else(root: Path) -> None:
    (root / "a/b/place").mkdir()
    with pytest.raises(WriteFailed, match=r"cannot write .*a/b/place: is a directory"):
        below.write(root, "a/b/place", b"x")
    assert sorted(below.names(root, "a/b")) == ["file", "place"]
