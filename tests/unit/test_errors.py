"""What is said about a failed write: the reason, and what helps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from qanat.errors import write_failed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_quota_ask_for_space(tmp_path: Path, number: int) -> None:
    error = write_failed(tmp_path / "a", OSError(number, "x"))
    assert error.message == f"cannot write {tmp_path / 'a'}: {os.strerror(number).lower()}"
    assert error.hint == "free some space, or choose another location"


def test_a_read_only_disk_asks_for_a_copy_elsewhere(tmp_path: Path) -> None:
    assert write_failed(tmp_path, OSError(errno.EROFS, "x")).hint == "work in a copy on a disk that you can write to"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(("user", "name"), [(1, "daemon"), (54321, "user 54321")])
def test_a_missing_permission_names_the_owner_of_what_is_there(tmp_path: Path, user: int, name: str) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", user, -1)
    error = write_failed(tmp_path / "theirs/a/b", PermissionError(errno.EACCES, "x"))
    assert error.hint == (
        f"{tmp_path / 'theirs'} belongs to {name}, who can share the project: "
        "git config core.sharedRepository group && chmod -R g+rwX .git .qanat"
    )


def test_a_missing_permission_of_ones_own_names_the_folder(tmp_path: Path) -> None:
    error = write_failed(tmp_path / "a", PermissionError(errno.EACCES, "x"))
    assert error.hint == f"check the permissions of {tmp_path}"
