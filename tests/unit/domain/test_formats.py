"""Tables in LaTeX and CSV, with all escaped that would act there."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given

from qanat.domain.formats import csv_text, latex, latex_table, markdown_table
from tests.support.strategies import stable, texts


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("0.93", "0.93"),
        ("-0.5", "$-0.5$"),
        ("1e-07", r"$1 \times 10^{-7}$"),
        ("-2.5e+20", r"$-2.5 \times 10^{20}$"),
        ("inf", r"$\infty$"),
        ("-inf", r"$-\infty$"),
        ("nan", "nan"),
        ("0.71…0.93", r"0.71\ldots{}0.93"),
        ("0.90 ± 0.01", r"$0.90 \pm 0.01$"),
        ("0.90 ± 0.01 *", r"$\mathbf{0.90 \pm 0.01}$"),
        ("0.9 *", r"\textbf{0.9}"),
        ("-inf *", r"$\mathbf{-\infty}$"),
        ("0.3 ± 5e-17", r"$0.3 \pm 5 \times 10^{-17}$"),
        ("(1.20 ± 0.10)e-07", r"$(1.20 \pm 0.10) \times 10^{-7}$"),
        ("0.90 ± 0.01 (n=2)", r"$0.90 \pm 0.01$ ($n=2$)"),
        ("0.90 ± 0.01 (-0.02, p = 0.1)", r"$0.90 \pm 0.01$ ($-0.02$, $p = 0.1$)"),
        ("0.90 ± 0.01 (-0.02, p < 0.001)", r"$0.90 \pm 0.01$ ($-0.02$, $p < 0.001$)"),
        ("0.9 (n=2) (+2e-05, better) *", r"\textbf{0.9} ($n=2$) ($+2 \times 10^{-5}$, better)"),
        ("0.9 (+0.1, better) *", r"\textbf{0.9} ($+0.1$, better)"),
        ("5 ± 1 apples", r"5 $\pm$ 1 apples"),
        ("any text *", "any text *"),
        ("best_one & 50 % of $x#", r"best\_one \& 50 \% of \$x\#"),
        (r"\input{~/x^2}", r"\textbackslash{}input\{\textasciitilde{}/x\textasciicircum{}2\}"),
        ("--fast ---", "-{}-fast -{}-{}-"),
        ('[<"a">|', r"{[}\textless{}\char34{}a\char34{}\textgreater{}\textbar{}"),
        ("β = 0.1", "β = 0.1"),
        ("*.csv", "{}*.csv"),
    ],
)
def test_a_cell_is_shown_by_latex_as_it_is(cell: str, written: str) -> None:
    assert latex(cell) == written


def test_a_table_has_the_rules_of_booktabs_and_its_numbers_on_the_right() -> None:
    assert latex_table(["n_1", "acc", "empty"], [["a", "0.5", ""], ["2", "nan", ""], ["", "", ""]]).splitlines() == [
        r"\begin{tabular}{lrl}",
        r"\toprule",
        r"n\_1 & acc & empty \\",
        r"\midrule",
        r"a & 0.5 &  \\",
        r"2 & nan &  \\",
        r" &  &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@stable
@given(texts)
def test_no_cell_acts_in_latex_or_ends_its_line(text: str) -> None:
    table = latex_table(["x"], [[text]])
    assert len(table.splitlines()) == 7
    assert table.count(" & ") == 0
    if not text.lstrip("-").replace(".", "").isdigit() and text not in ("inf", "-inf"):
        shown = latex(text)
        for harmless in (r"\&", r"\%", r"\$", r"\#", r"\_", r"\{", r"\}", "{}", "{[}", "{]}", r"$\pm$"):
            shown = shown.replace(harmless, "")
        assert not set(shown) & set("&%$#_{}~^") or "times" in shown


def test_csv_keeps_numbers_in_full_and_formulas_inert() -> None:
    text = csv_text(["a,b", "=c"], [[0.1 + 0.2, "=1+1"], [math.nan, "-5"], [-math.inf, "\uff1d1"]])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [["a,b", "'=c"], ["0.30000000000000004", "'=1+1"], ["nan", "-5"], ["-inf", "'\uff1d1"]]
    assert not text.endswith("\n")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@sum(a1)", "'@sum(a1)"),
        ("--lr 1", "'--lr 1"),
        (' "=1', " \"'=1"),
        ("a;=1", "a;'=1"),  # a spreadsheet may expect semicolons
        ('a;"+1+1', "a;\"'+1+1"),
        ("a\t=1\r\n-1-1", "a\t'=1\r\n'-1-1"),
        ("-" + "1" * 50, "'-" + "1" * 50),
        *((same, same) for same in ("", "-5", "+0.5", "-1e-3", "a=1", "a;-5", "a-b; c", "ada@example.org")),
    ],
)
def test_texts_in_csv_are_no_formulas_with_any_separator(cell: str, written: str) -> None:
    assert list(csv.reader(io.StringIO(csv_text(["a", "b"], [[cell, 1]])), strict=True))[1] == [written, "1"]


def test_markdown_has_the_best_in_bold_and_links_as_code() -> None:
    assert markdown_table(["a|b"], [["1 *"], ["@ada"]]).splitlines() == [
        r"| a\|b |",
        "|---|",
        "| **1** |",
        "| `@ada` |",
    ]


@pytest.mark.parametrize("text", ["GH-12", "see gh-1", "!3", "a, %4", "#5", "@ada"])
def test_references_of_github_and_gitlab_are_only_text(text: str) -> None:
    assert markdown_table([text], [["50% of a!"]]).splitlines()[::2] == [f"| `{text}` |", "| 50% of a! |"]
