"""One lock for everything that qanat writes to a repository, and claims that end with a process."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from qanat.errors import WriteFailed
from qanat.git import lock
from tests.support.repository import Repository

TRY = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def is_free(path: Path) -> bool:
    """Return whether another process gets the lock at once."""
    return subprocess.run([sys.executable, "-c", TRY, path], capture_output=True, check=False).returncode == 0


def test_the_lock_is_held_for_the_block_and_by_one_alone(repository: Repository) -> None:
    path = repository.location.private / "lock"
    with lock.held(repository.location) as held:
        assert held.location == repository.location
        assert not is_free(path)
    assert is_free(path)


def test_a_lock_that_is_held_for_too_long_says_how_to_see_by_whom(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.05)
    refused = pytest.raises(WriteFailed, match=r"another qanat has held .*/lock")
    with lock.held(repository.location), refused as error, lock.held(repository.location):
        pass
    assert error.value.hint == f"find it with: fuser '{repository.location.private / 'lock'}'"


def test_a_folder_that_cannot_be_made_is_told(repository: Repository) -> None:
    repository.write(".git/qanat", "in the way")
    with pytest.raises(WriteFailed, match="cannot write"), lock.held(repository.location):
        pass


def test_a_claim_may_be_shared_and_ends_with_its_block(repository: Repository) -> None:
    here, path = repository.location, repository.root / "claim"
    assert not lock.is_claimed(path)
    with lock.claimed(here, path):
        with lock.claimed(here, path):
            assert lock.is_claimed(path)
        assert lock.is_claimed(path)
    assert not lock.is_claimed(path)
    assert path.exists()


def test_a_claim_that_cannot_be_made_is_told(repository: Repository) -> None:
    place = repository.root / "a.txt/claim"
    with pytest.raises(WriteFailed, match="cannot write"), lock.claimed(repository.location, place):
        pass


def test_a_lock_of_gits_that_cannot_be_written_is_not_left_behind(tmp_path: Path) -> None:
    guard = tmp_path / "config.lock"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            lock.take_of_git(guard, b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not guard.exists()


def test_a_lock_of_gits_that_another_git_has_is_left_alone(tmp_path: Path) -> None:
    guard = tmp_path / "config.lock"
    guard.write_bytes(b"git's")
    with pytest.raises(FileExistsError):
        lock.take_of_git(guard, b"ours")
    assert guard.read_bytes() == b"git's"
