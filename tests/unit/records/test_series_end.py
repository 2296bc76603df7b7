"""The newest values at the end of files of series."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qanat.records.series_end import END_BYTES, newest


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("m.jsonl", "", None),
        ("m.jsonl", '{"step": 1, ', None),
        ("m.jsonl", "[1]\n", None),
        ("m.jsonl", '{"step": 7, "loss": 3}\n{"step": 8, "loss": 2}\n{"st', (8, {"loss": 2})),
        ("m.jsonl", '{"step": 7, "acc": 1}\n{"step": 8, "loss": 2}\n', (8, {"acc": 1, "loss": 2})),
        ("m.jsonl", '{"loss": 3}\n{"loss": 2}\n', (None, {"loss": 2})),
        ("m.jsonl", '{"loss": 3}\nbroken\n', (None, {"loss": 3})),
        ("m.csv", "", None),
        ("m.csv", "step,loss", None),
        ("m.csv", "step,loss\n", None),
        ("m.csv", "step,loss,acc\n7,3,1\n8,2,\n9,", (8, {"loss": 2, "acc": 1})),
        ("m.csv", '\ufeff"step",loss\r\n7,3\r\n', (7, {"loss": 3})),
        ("m.csv", "loss\n3\n2\n", (None, {"loss": 2})),
    ],
)
def test_the_newest_values_are_those_of_the_last_whole_lines(
    tmp_path: Path, name: str, text: str, expected: tuple[float | None, dict[str, float]] | None
) -> None:
    (tmp_path / name).write_text(text)
    assert newest(tmp_path, name) == expected


@pytest.mark.parametrize("name", ["m.jsonl", "m.csv"])
def test_only_the_end_of_a_long_file_is_read(tmp_path: Path, name: str) -> None:
    count = END_BYTES
    rows = [f"{n},{n / 2}" if name == "m.csv" else json.dumps({"step": n, "loss": n / 2}) for n in range(count)]
    file = tmp_path / name
    file.write_text("\n".join([*(["step,loss"] if name == "m.csv" else []), *rows, ""]))
    begin = file.stat().st_size - 2 * END_BYTES
    with file.open("r+b") as opened:
        opened.seek(20)
        opened.write(b"\xff" * (begin - 20))
    assert newest(tmp_path, name) == (count - 1, {"loss": (count - 1) / 2})


def test_keys_choose_names(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text('{"step": 1, "loss": 3, "acc": 1}\n')
    assert newest(tmp_path, "m.jsonl", ("acc",)) == (1, {"acc": 1})


def test_what_cannot_be_read_has_no_newest_values(tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "link.jsonl").symlink_to("there.jsonl")
    os.mkfifo(tmp_path / "pipe.csv")
    assert [newest(tmp_path, name) for name in ("none.jsonl", "link.jsonl", "pipe.csv")] == [None] * 3
