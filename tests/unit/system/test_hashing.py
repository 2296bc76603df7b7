"""SHA-256 of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from qanat.system.hashing import BLOCK_BYTES, Hashing, digest_within, sha256_of


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    for size in (0, 5, BLOCK_BYTES, BLOCK_BYTES + 1):
        data = os.urandom(size)
        (tmp_path / "a").write_bytes(data)
        read: list[int] = []
        assert sha256_of(tmp_path / "a", read.append) == hashlib.sha256(data).hexdigest()
        assert sum(read) == size


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "a")
    with pytest.raises(OSError, match="is not a regular file"):
        sha256_of(tmp_path / "a")


def test_a_file_that_is_longer_than_its_size_is_not_read_on() -> None:
    with pytest.raises(OSError, match="grows while it is read"):
        sha256_of("/proc/self/status")  # as /proc/self/pagemap, which has hundreds of GiB


def test_many_files_are_hashed_and_their_blocks_counted(tmp_path: Path) -> None:
    paths = [str(tmp_path / str(number)) for number in range(48)]
    for number, path in enumerate(paths):
        Path(path).write_bytes(bytes([number]) * (BLOCK_BYTES // 8))
    hashing = Hashing([*paths, str(tmp_path / "gone")], 6 * BLOCK_BYTES)
    assert len(hashing) == 7
    assert list(hashing) == [0, 1, 2, 3, 4, 5]
    assert hashing.digests == {path: sha256_of(path) for path in paths}
    assert hashing.unreadable == {str(tmp_path / "gone"): "no such file or directory"}


def test_a_file_that_grows_meanwhile_is_no_more_progress_than_was_expected(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (3 * BLOCK_BYTES))
    assert len(list(Hashing([str(tmp_path / "a")], 1))) == 1


def test_hashing_that_is_interrupted_stops(tmp_path: Path) -> None:
    paths = [str(tmp_path / str(number)) for number in range(100)]
    for path in paths:
        Path(path).write_bytes(b"x" * BLOCK_BYTES)
    hashing = Hashing(paths, 100 * BLOCK_BYTES)
    blocks = iter(hashing)
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]  # as when Ctrl-C ends the loop
    assert len(hashing.digests) < len(paths)


def test_only_files_within_a_size_have_a_digest(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"12")
    assert digest_within(file, 2) == f"sha256:{hashlib.sha256(b'12').hexdigest()}"
    assert digest_within(file, 1) == digest_within(tmp_path, 2**20) == ""
    assert digest_within(tmp_path / "gone", 2) == ""
