"""The permissions of what qanat writes in a repository that several users share: those that git gives."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.git import commits, lock, objects, sharing
from qanat.git import repository as reading
from qanat.system import files
from tests.support.repository import Repository

VALUES = (None, "group", "all", "0640", "0666")
UMASKS = (0o022, 0o077)
KEY = "core.sharedRepository"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Set the umask of this process, and of git, for a block."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> str:
    """Return the permissions of a file or folder, as `chmod` takes them."""
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def modes(folder: Path) -> dict[str, str]:
    """Return the permissions of everything in a folder."""
    return {str(path.relative_to(folder)): mode(path) for path in sorted(folder.rglob("*"))}


def share(repository: Repository, value: str | None) -> Sharing:
    """Set with whom a repository is shared, and return what qanat makes of that."""
    if value is not None:
        repository.git("config", KEY, value)
    return sharing.of(repository.location)


def written_in_a_new_folder(repository: Repository) -> tuple[bytes, Path]:
    """Have git write a blob into a folder that no other object is in, and return its bytes and its file."""
    store = repository.root / ".git/objects"
    folders = set(store.iterdir())
    for text in "abcdef":
        name = repository.git("hash-object", "-w", "--stdin", stdin=text)
        file = store / name[:2] / name[2:]
        if file.parent not in folders:
            return text.encode(), file
    raise AssertionError(f"there are objects everywhere: {folders}")


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        *[(value, 0o660) for value in ("group", "GROUP", "true", "yes", "on", "1", "")],
        *[(value, 0o664) for value in ("all", "world", "everybody", "2")],
        *[(value, 0) for value in ("umask", "false", "no", "0", "0040", "0477")],
    ],
)
def test_the_values_of_gits_manual_are_understood(value: str, bits: int) -> None:
    assert sharing.parse(value) == Sharing(bits)


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
@pytest.mark.parametrize("value", VALUES)
def test_objects_and_files_get_the_permissions_that_git_gives(
    repository: Repository, value: str | None, mask: int
) -> None:
    with umask(mask):
        who = share(repository, value)
        git = repository.root / ".git"
        data, file = written_in_a_new_folder(repository)
        expected = [mode(file.parent), mode(file)]
        file.unlink()
        file.parent.rmdir()
        opened = reading.open_repository(repository.location)
        assert objects.Objects(repository.location, opened).blob(data) == file.parent.name + file.name
        assert [mode(file.parent), mode(file)] == expected
        repository.git("update-ref", "refs/a/b", "HEAD")
        files.write(git / "qanat/own/file", b"", sharing=who)
        expected = [mode(git / "refs/a"), mode(git / "refs/a/b")]
        assert [mode(git / "qanat/own"), mode(git / "qanat/own/file")] == expected


@pytest.mark.parametrize("value", [None, "group", "all", "0640"])
def test_every_object_of_a_commit_has_the_permissions_of_one_that_git_wrote(
    repository: Repository, value: str | None
) -> None:
    with umask(0o077):
        share(repository, value)
        store = repository.root / ".git/objects"
        before = modes(store)
        _, file = written_in_a_new_folder(repository)
        expected = {mode(file), mode(file.parent)}
        with lock.held(repository.location) as held:
            data = {f".qanat/runs/a/0/{number}.yaml": str(number).encode() for number in range(20)}
            assert commits.commit_files(held, "main", data, "records", checked_out=True)
        new = {path: found for path, found in modes(store).items() if path not in before}
        assert len([path for path in new if "/" in path]) >= 20 + 5 + 1
        assert set(new.values()) == expected
        assert mode(repository.root / ".git/qanat/lock") == mode(repository.root / ".git/refs/heads/main")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_programs_get_a_umask_that_gives_others_the_same(
    repository: Repository, tmp_path: Path, value: str | None, mask: int
) -> None:
    with umask(mask):
        who = share(repository, value)
        script = f"{f'umask {who.umask}; ' if who.umask else ''}mkdir folder; touch file"
        subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, check=True)
        files.make_folder(tmp_path / "ours", who)
        files.write(tmp_path / "ours.txt", b"", sharing=who)
        assert mode(tmp_path / "file") == mode(tmp_path / "ours.txt")
        plain = (tmp_path / "ours").stat().st_mode & 0o777
        assert (tmp_path / "folder").stat().st_mode & 0o777 == plain


def test_settings_are_found_where_git_finds_them(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sharing.of(repository.location) == UNSHARED
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", KEY)
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "group")
    assert sharing.of(repository.location) == Sharing(0o660)
    monkeypatch.delenv("GIT_CONFIG_COUNT")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[core]\n\tsharedRepository = all\n")
    assert sharing.of(repository.location) == Sharing(0o664)
    repository.git("config", "include.path", str(tmp_path / "included"))
    (tmp_path / "included").write_text("[CORE]\n\tSHAREDREPOSITORY\n")
    assert sharing.of(repository.location) == Sharing(0o660)


def test_git_is_not_asked_about_a_repository_that_nobody_shares(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert sharing.of(repository.location) == UNSHARED


def test_what_exists_keeps_its_permissions(tmp_path: Path) -> None:
    who = Sharing(0o660)
    (tmp_path / "old").mkdir(mode=0o700)
    files.make_folder(tmp_path / "old/new/inner", who)
    assert [mode(tmp_path / name) for name in ("old", "old/new", "old/new/inner")] == ["0700", "2775", "2775"]
    (tmp_path / "link").symlink_to("old")
    files.share(tmp_path / "link", who)
    assert mode(tmp_path / "old") == "0700"
    files.share(tmp_path / "gone", who)
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "file", who)
