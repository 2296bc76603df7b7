"""Curves that programs write with qanat.log_metrics()."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import qanat
from qanat.domain.curves import collected
from qanat.records.series import SeriesReader

WRITER = """
import sys, qanat
for step in range(300):
    qanat.log_metrics({f"p{sys.argv[1]}": step}, step=step, text_to_make_it_long=0.123456789)
"""


class Tensor:
    """A number as numpy and PyTorch have it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def item(self) -> Any:
        return self._value


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in the storage directory of this process."""
    monkeypatch.setenv("QANAT_STORAGE_PATH", str(tmp_path))
    return tmp_path / "metrics.jsonl"


def test_a_line_has_the_step_first_and_plain_numbers(file: Path) -> None:
    qanat.log_metrics({"val": {"acc": Tensor(0.5)}, "a/b": 2}, step=10, loss=Tensor(1.5), half=Fraction(1, 2))
    qanat.log_metrics(loss=float("nan"))
    text = '{"step": 10, "val.acc": 0.5, "a/b": 2, "loss": 1.5, "half": 0.5}\n{"loss": NaN}\n'
    assert file.read_text() == text


@pytest.mark.parametrize("value", ["0.5", True, None, [1], b"1", Tensor("x"), Tensor(True)])
def test_what_is_not_a_number_is_refused(file: Path, value: Any) -> None:
    with pytest.raises(TypeError, match="loss is not a number, but of type "):
        qanat.log_metrics(loss=value)
    with pytest.raises(TypeError, match="step is not a number, but of type list"):
        qanat.log_metrics(step=[1])  # type: ignore[arg-type]
    assert not file.exists()


@pytest.mark.parametrize(
    ("metrics", "words", "error", "said"),
    [
        (None, {}, ValueError, "no number was passed, as in log_metrics"),
        ({"val": {}}, {"step": 3}, ValueError, "no number was passed, as in log_metrics"),
        ({"step": 3}, {}, ValueError, "no number was passed, as in log_metrics"),
        ({1: 2}, {}, TypeError, "the name 1 is not text, but of type int"),
        ({"val": {None: 2}}, {}, TypeError, "the name val.None is not text, but of type NoneType"),
        ({"x": 1}, {"x": 2}, ValueError, "x is passed twice"),
        ({"val": {"acc": 1}, "val.acc": 2}, {}, ValueError, "val.acc is passed twice"),
        ({"step": 3, "loss": 1}, {"step": 3}, ValueError, "step is passed twice"),
    ],
)
def test_a_point_without_numbers_and_names_that_are_wrong_or_twice_are_refused(
    file: Path, metrics: Any, words: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        qanat.log_metrics(metrics, **words)
    assert not file.exists()


def test_a_step_in_the_mapping_is_the_step(file: Path) -> None:
    qanat.log_metrics({"step": 3, "loss": 1})
    assert json.loads(file.read_text()) == {"step": 3, "loss": 1}


def test_processes_that_write_at_the_same_time_lose_nothing(file: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(number)]) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    reader = SeriesReader(file.parent, file.name)
    found = collected(reader.read_new(ended=True))
    assert all([*found[f"p{number}"].values] == list(range(300)) for number in range(4))
    assert (file.read_bytes().count(b"\n"), reader.problems()) == (1200, [])


def test_a_reader_follows_a_process_that_writes(file: Path) -> None:
    reader, values = SeriesReader(file.parent, file.name), []
    with subprocess.Popen([sys.executable, "-c", WRITER, "0"]) as writer:
        while writer.poll() is None or len(values) < 300:
            values += [value for block in reader.read_new() for points in block for value in points.values]
            values = [value for value in values if value != 0.123456789]
    assert values == list(range(300))
    assert reader.offset == file.stat().st_size


def test_after_half_a_line_that_a_killed_process_left_a_new_line_begins(file: Path) -> None:
    file.write_text('{"step": 1, "loss": 2}\n{"step": 2, "lo')
    qanat.log_metrics(step=2, loss=1)
    reader = SeriesReader(file.parent, file.name)
    assert [*collected(reader.read_new())["loss"].values] == [2, 1]
    assert reader.problems() == ["line 2 is broken, and was left out"]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [("--lr 1", "."), ("--storage_path out", "out"), ("--storage_path=out", "out"), ("--storage_path", ".")],
)
def test_outside_of_runs_the_argument_or_the_current_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, place: str
) -> None:
    monkeypatch.delenv("QANAT_STORAGE_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments.split()])
    qanat.log_metrics(loss=1)
    assert json.loads((tmp_path / place / "metrics.jsonl").read_text()) == {"loss": 1}


def test_a_disk_that_is_full_is_an_error(file: Path) -> None:
    full = "import qanat, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)); qanat.log_metrics(loss=1.25)"
    done = subprocess.run([sys.executable, "-c", full], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == f"OSError: [Errno 28] No space left on device: '{file}'"
    assert file.read_text() == '{"loss": 1'


def test_a_directory_that_is_missing_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QANAT_STORAGE_PATH", str(file.parent / "missing"))
    with pytest.raises(FileNotFoundError):
        qanat.log_metrics(loss=1)


def test_importing_qanat_for_it_loads_nothing_heavy() -> None:
    code = "import sys, qanat; qanat.log_metrics; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in loaded if name.startswith("qanat")] == ["qanat", "qanat.metrics_log"]
    assert not {"yaml", "pygit2", "click", "numpy", "subprocess", "dataclasses"}.intersection(loaded)


def test_what_is_not_a_regular_file_is_not_written_to(file: Path, tmp_path: Path) -> None:
    file.symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        qanat.log_metrics(loss=1)
    assert not (tmp_path / "other").exists()
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(OSError, match="is not a regular file"):
        qanat.log_metrics(loss=1)
