"""Reading and writing whole files."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from qanat.errors import EXIT_FAILED, EXIT_USAGE, InputInvalid, WriteFailed
from qanat.system import files

needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit files to this size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def names(folder: Path) -> list[str]:
    """List what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def write_refusal(path: Path, data: bytes = b"new") -> WriteFailed:
    """Return the error with which a write is refused."""
    with pytest.raises(WriteFailed) as caught:
        files.write(path, data)
    assert caught.value.exit_code == EXIT_FAILED
    return caught.value


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_written_with_its_folders_and_nothing_is_left_beside_it(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a b" / "c" / "file.yaml"
    files.write(path, b"one\n", durable=durable)
    files.write(path, b"two\n", durable=durable)
    assert path.read_bytes() == b"two\n"
    assert names(path.parent) == ["file.yaml"]


def test_readers_see_the_old_bytes_or_the_new_ones_and_never_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([digit]) * 300_000 for digit in b"01"]
    files.write(path, contents[0])
    done = threading.Event()
    seen: set[bytes] = set()

    def look() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for turn in range(200):
            files.write(path, contents[turn % 2])
    finally:
        done.set()
        reader.join()
    assert seen <= set(contents)
    assert seen


def test_threads_that_write_the_same_file_do_not_take_it_from_each_other(tmp_path: Path) -> None:
    path, begin = tmp_path / "file", threading.Barrier(4)

    def write_often(_number: int) -> None:
        begin.wait()
        for _ in range(200):
            files.write(path, b"x" * 100_000)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write_often, range(4)))
    assert path.read_bytes() == b"x" * 100_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_writer_that_is_killed_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"0" * 100_000)
    program = (
        "import sys; from pathlib import Path; from qanat.system import files\n"
        "while True: files.write(Path(sys.argv[1]), b'1' * 5_000_000); print('.', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.read(3)
        writer.kill()
    assert path.read_bytes() == b"1" * 5_000_000


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(target)
    files.write(link, b"new")
    assert target.read_bytes() == b"precious"
    assert link.read_bytes() == b"new"
    assert not link.is_symlink()


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    error = write_refusal(folder)
    assert (error.message, error.hint) == (f"cannot write {folder}: is a directory", "choose another location")
    assert names(tmp_path) == ["folder"]


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    path = tmp_path / "a" / "b"
    assert write_refusal(path).message == f"cannot write {path}: not a directory"


def test_a_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert write_refusal(path).message == f"cannot write {path}: file name too long"


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "🔥" * 63])
def test_the_longest_name_that_the_system_takes_can_be_written(tmp_path: Path, name: str) -> None:
    files.write(tmp_path / name, b"new")
    assert names(tmp_path) == [name]


def test_a_full_disk_leaves_the_old_file_and_no_half_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    with largest_file(1000):
        error = write_refusal(path, b"x" * 5000)
    assert error.message == f"cannot write {path}: {os.strerror(errno.EFBIG).lower()}"
    assert error.hint == "free some space, or choose another location"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@needs_rights
def test_a_folder_without_the_right_to_write_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert write_refusal(tmp_path / "a").message == f"cannot write {tmp_path / 'a'}: permission denied"
    finally:
        tmp_path.chmod(0o700)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2**20)
    assert files.read(path, limit_bytes=2**20) == files.read(path) == b"x" * 2**20
    path.write_bytes(b"x" * (2**20 + 1))
    with pytest.raises(InputInvalid) as caught:
        files.read(path, limit_bytes=2**20)
    assert caught.value.message == f"{path}: is larger than 1 MiB"
    assert caught.value.exit_code == EXIT_USAGE


def test_what_cannot_be_read_is_said_with_the_reason(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "no such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(InputInvalid) as caught:
            files.read(path)
        assert caught.value.message == f"{path}: {reason}"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "none", "file/below"])
def test_a_path_that_the_system_does_not_take_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not files.exists(tmp_path / name)
    assert not files.is_file(tmp_path / name)


def test_files_and_folders_are_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert files.exists(tmp_path)
    assert not files.is_file(tmp_path)
    assert files.is_file(tmp_path / "file")


def test_what_is_added_comes_at_the_end_of_a_file_that_is_made_when_needed(tmp_path: Path) -> None:
    files.append(tmp_path / "file", b"a")
    files.append(tmp_path / "file", b"b")
    (tmp_path / "other").touch()
    assert (tmp_path / "file").read_bytes() == b"ab"
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("with_reader", [False, True])
def test_nothing_is_added_to_a_pipe(tmp_path: Path, with_reader: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK) if with_reader else None
    with pytest.raises(OSError, match=r"pipe|No such device"):
        files.append(tmp_path / "pipe", b"a")
    if reader is not None:
        assert os.read(reader, 1) == b""
        os.close(reader)
