"""The files of earlier attempts: all of them are set aside, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.sharing import UNSHARED
from qanat.errors import WriteFailed
from qanat.usecases.launch import earlier_files


def test_what_cannot_be_set_aside_as_a_whole_stays(tmp_path: Path) -> None:
    for name in ("completion.json", "stdout.txt", "attempts/1/stdout.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with pytest.raises(WriteFailed):
        earlier_files.set_aside(tmp_path, 1, UNSHARED)
    left = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {name: name for name in ("completion.json", "stdout.txt", "attempts/1/stdout.txt")}
