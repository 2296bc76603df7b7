"""Files of series, read while they grow."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from qanat.domain import curves
from qanat.domain.curves import collected
from qanat.records import series
from qanat.records.series import BLOCK_BYTES, LINE_BYTES_MAX, SeriesReader


def values(reader: SeriesReader, *, ended: bool = False) -> dict[str, list[float]]:
    """Return the values that a reader finds, by name."""
    return {name: [*curve.values] for name, curve in collected(reader.read_new(ended=ended)).items()}


def add(path: Path, text: str) -> None:
    """Append to a file, as a program does."""
    with path.open("a") as file:
        file.write(text)


def test_a_reader_continues_where_it_ended_and_keeps_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = SeriesReader(path.parent, path.name)
    assert values(reader) == {}
    add(path, '{"a": 1}\n{"a"')
    assert values(reader) == {"a": [1]}
    assert reader.offset == len('{"a": 1}\n')
    assert values(reader) == {}
    add(path, ": 2}\n")
    assert values(reader) == {"a": [2]}
    assert (reader.problems(), reader.restarts) == ([], 0)


def test_csv_is_followed_too(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    reader = SeriesReader(path.parent, path.name)
    add(path, "st")
    assert values(reader) == {}
    add(path, "ep,a\n5,1\n6,2")
    assert values(reader) == {"a": [1]}
    add(path, "0\n")
    assert values(reader) == {"a": [20]}


@pytest.mark.parametrize("name", ["metrics.jsonl", "metrics.csv"])
def test_at_the_end_of_the_program_half_a_line_is_said(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    add(path, "a\n1\n2" if name.endswith("csv") else '{"a": 1}\n{"a": 2')
    reader = SeriesReader(path.parent, path.name)
    assert values(reader, ended=True) == {"a": [1]}
    assert reader.problems() == ["the last line is incomplete, and was left out"]


def test_many_blocks_are_read_as_one_file_and_digested(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    count = BLOCK_BYTES // 4
    path.write_text("".join(f"{json.dumps({'step': i, 'loss': i / 2})}\n" for i in range(count)))
    reader = SeriesReader(path.parent, path.name)
    found = collected(reader.read_new(ended=True))
    assert [*found["loss"].steps] == list(range(count))
    assert reader.digest() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_was_followed_has_the_same_digest(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = SeriesReader(path.parent, path.name)
    for text in ('{"a": 1}\n{"a"', ": 2}\n", '{"b": "' + "x" * (LINE_BYTES_MAX + BLOCK_BYTES), '"}\n{"a": 3'):
        add(path, text)
        values(reader)
        assert reader.digest() == ""
    values(reader, ended=True)
    assert reader.digest() == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text('{"a": 1}\n')
    values(reader, ended=True)
    assert reader.digest() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_line_that_is_too_long_is_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = SeriesReader(path.parent, path.name)
    add(path, '{"a": 1}\n{"b": "' + "x" * (LINE_BYTES_MAX + BLOCK_BYTES))
    assert values(reader) == {"a": [1]}
    add(path, "x" * BLOCK_BYTES)
    assert values(reader) == {}
    add(path, '"}\n{"a": 2}\n')
    assert values(reader) == {"a": [2]}
    assert reader.problems() == ["line 2 is broken, and was left out"]


def test_a_file_that_is_written_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    reader = SeriesReader(path.parent, path.name)
    path.write_text("a\n1\n2\n")
    assert values(reader) == {"a": [1, 2]}
    path.write_text("b\n3\n")  # truncated
    assert values(reader) == {"b": [3]}
    other = tmp_path / "other"
    other.write_text("c\n4\n5\n6\n7\n")
    other.rename(path)
    assert values(reader) == {"c": [4, 5, 6, 7]}
    assert reader.restarts == 2


def test_no_link_pipe_or_folder_is_read(tmp_path: Path) -> None:
    real, path = tmp_path / "real.jsonl", tmp_path / "metrics.jsonl"
    real.write_text('{"a": 1}\n')
    path.symlink_to(real)
    reader = SeriesReader(path.parent, path.name)
    assert values(reader) == {}
    assert reader.problems() == ["is a symbolic link, not a file"]
    path.unlink()
    os.mkfifo(path)
    assert values(reader) == {}
    assert reader.problems() == ["is a pipe or a device, not a file"]
    path.unlink()
    path.mkdir()
    assert values(reader) == {}
    assert reader.problems() == ["is a directory"]


def test_no_link_on_the_way_is_followed(tmp_path: Path) -> None:
    storage, outside = tmp_path / "run_1", tmp_path / "outside"
    (storage / "inner").mkdir(parents=True)
    outside.mkdir()
    (outside / "x.jsonl").write_text('{"a": 1}\n')
    (storage / "inner" / "sub").symlink_to(outside)
    reader = SeriesReader(storage, "inner/sub/x.jsonl")
    assert values(reader) == {}
    assert reader.problems() == ["is behind a symbolic link, inner/sub"]
    for name in ("../outside/x.jsonl", str(outside / "x.jsonl")):
        reader = SeriesReader(storage, name)
        assert values(reader) == {}
        assert (len(reader.problems()), reader.digest()) == (1, "")
    (tmp_path / "link").symlink_to(outside)  # as a result folder may be
    assert values(SeriesReader(tmp_path / "link", "x.jsonl")) == {"a": [1]}


def test_only_the_beginning_of_a_huge_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "FILE_BYTES_MAX", 2**20)
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"a": 1}\n' + " " * 2**20 + "\n" + '{"a": 2}\n')
    reader = SeriesReader(path.parent, path.name)
    assert values(reader, ended=True) == {"a": [1]}
    assert reader.problems() == ["is larger than 1 MiB, and the rest was left out"]
    assert reader.digest() == ""


def test_steps_that_go_back_in_too_many_values_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "VALUES_MAX", 3)
    for text, problems in (('{"a": 1}\n' * 9, []), ('{"a": 1, "step": 1}\n' * 9, [series._NOT_READ_AGAIN])):
        (tmp_path / "metrics.jsonl").write_text(text)
        found = series.sum_up(tmp_path, "metrics.jsonl")
        assert (found.curves["a"].count, found.problems) == (9, problems)
