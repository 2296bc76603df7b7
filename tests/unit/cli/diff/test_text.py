"""The report for a terminal: what a narrow one does without."""

from __future__ import annotations

from qanat.cli.diff.blocks import Detail, Table
from qanat.cli.diff.report import Report
from qanat.cli.diff.text import text

TABLE = Table(
    headers=(("lr",), ("loss", Detail(" (lower is better)")), ("Compared with",)),
    rows=((("0.1",), ("0.489", " (", Detail("was 0.405: "), "+0.084, worse", ")"), ("run 1, commit 809c93fa80",)),),
    flexible=(2,),
    details="earlier values",
)


def lines(width: int | None) -> list[str]:
    return text(Report(("From",), ("x",), (TABLE,)), width).splitlines()[3:]


def test_a_table_loses_its_details_before_a_column() -> None:
    assert lines(None) == [
        "lr     loss (lower is better)              Compared with",
        "0.1    0.489 (was 0.405: +0.084, worse)    run 1, commit 809c93fa80",
    ]
    assert lines(100) == lines(None)
    cut = lines(54)
    assert "was 0.405" in cut[1]
    assert len(cut) == 2
    assert lines(44) == [
        "lr   loss                   Compared with",
        "0.1  0.489 (+0.084, worse)  run 1, commit 8…",
        "… not shown at this width: earlier values",
    ]
    assert lines(30)[2] == "… not shown at this width: earlier values, Compared with"
