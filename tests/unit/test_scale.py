"""What the benchmark of many records says of growth."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.clock import Cost
from benchmarks.scale import Line

SIZES = (1_000, 10_000, 100_000)


def line_of(what: str, *cpu_s: float) -> Line:
    """Return a line with one round at each size."""
    line = Line(what)
    for size, seconds in zip(SIZES, cpu_s, strict=True):
        line.add(size, [Cost(2 * seconds, cpu_s=seconds)])
    return line


def test_what_grows_has_its_slope_and_what_does_not_has_none() -> None:
    flat, grows = line_of("flat", 0.25, 0.2, 0.3), line_of("grows", 0.2, 0.3, 1.2)
    assert (flat.growth, grows.growth) == ("no", "10 µs per record (~ n^0.6)")
    assert round(grows.expected_s, 6) == 10.2
    only = Line("only a million", is_simulated=True)
    only.add(scale.MILLION, [Cost(1, cpu_s=0.5)])
    rows = scale.table([flat, grows, only], {"records": {1_000: 4.0, 10_000: 40.0, 100_000: 400.0}}).splitlines()
    assert rows[3] == "| grows | 200 ms | 300 ms | 1.2 s | 10 µs per record (~ n^0.6) | 10.2 s |"
    assert rows[4] == "| only a million |  |  |  |  | 500 ms (simulated) |"
    assert rows[5] == "| records | 4 MB | 40 MB | 400 MB | 4000 bytes per record | 4,000 MB |"


@pytest.mark.slow
def test_the_plot_is_drawn(tmp_path: Path) -> None:
    for suffix in ("svg", "png"):
        scale.draw([line_of("grows", 0.2, 0.3, 1.2)], tmp_path / f"scale.{suffix}")
    assert "<svg" in (tmp_path / "scale.svg").read_text()
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
