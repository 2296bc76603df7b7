"""Where the last lines of a file begin."""

from __future__ import annotations

from io import BytesIO

import pytest

from qanat.usecases.runs import logs
from qanat.usecases.runs.logs import _start_of_last_lines


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 65_536])
@pytest.mark.parametrize("text", [b"", b"\n", b"\n\n\n", b"a", b"a\nbc", b"a\nbc\n", b"a\n\nbc\r1%\r2%\n\n", b"\nab"])
def test_the_last_lines_are_those_of_tail(monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, text: bytes) -> None:
    monkeypatch.setattr(logs, "CHUNK_BYTES", chunk_bytes)
    lines = text.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for count in range(5):
        expected = b"".join(lines[len(lines) - count :]) if count <= len(lines) else text
        assert text[_start_of_last_lines(BytesIO(text), len(text), count) :] == expected


@pytest.mark.parametrize("lines", [3, 100])
def test_no_more_is_looked_at_than_is_wanted(lines: int) -> None:
    assert _start_of_last_lines(BytesIO(b"\n" * 9 + b"x" * 91), 100, lines, 40) == 40
    assert _start_of_last_lines(BytesIO(b"x" * 91 + b"\n" * 9), 100, lines, 40) == {3: 97, 100: 40}[lines]


def test_of_a_large_file_only_its_end_is_read() -> None:
    class Counting(BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1) -> bytes:
            self.read_bytes += size or 0
            return super().read(size)

    file = Counting(b"line\n" * 1_000_000)
    assert _start_of_last_lines(file, 5_000_000, 3) == 4_999_985
    assert file.read_bytes == logs.CHUNK_BYTES
