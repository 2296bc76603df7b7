"""Markdown for a pull request: text from files is never Markdown, and everything fits into a comment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qanat.cli.diff.blocks import Bar, Bars, Best, Block, Items, Link, Linked, Section, Table
from qanat.cli.diff.markdown import MARKER, markdown, text_bars
from qanat.cli.diff.report import Report
from qanat.cli.terminal.output import clean
from qanat.domain.formats import code_span
from qanat.domain.meanings import Verbatim
from tests.support.strategies import stable

READER = MarkdownIt("commonmark").enable("table")
HOSTILE = (
    "a|b",
    "a\\|b",
    "\\",
    "`",
    "``` x",
    "x`|`y",
    " ",
    "",
    "<img src=x onerror=alert(1)>",
    "<!-- x",
    "@team",
    "![x](http://example.org/x.png)",
    "[x](javascript:alert(1))",
    "**b**",
    "| --- |",
    "\n# title",
    "\r\n\r\n</details>",
    "&lt;",
    "$x$",
    "\x1b[31m",
    "\u202ex",
)
hostile_texts = st.text(st.sampled_from("`|\\ <>&ab\n*_[]()!@"), max_size=12) | st.sampled_from(HOSTILE)


def leaves(text: str) -> list[Any]:
    """Read Markdown and return the innermost tokens."""
    return [leaf for token in READER.parse(text) for leaf in (token.children or []) if leaf.content or leaf.tag]


def text_of(sentence_in_table: str) -> str:
    """Return the text that a code element of a table's cell shows."""
    tokens = leaves(f"| h | i |\n|---|---|\n| {sentence_in_table} | z |\n")
    assert [t.content for t in tokens if t.type == "text"][:2] == ["h", "i"]
    assert [t.content for t in tokens if t.type == "text"][-1] == "z"
    middle = tokens[2:-1]
    if middle[0].type == "html_inline":
        assert [t.content for t in middle if t.type == "html_inline"] == ["<code>", "</code>"]
        return "".join(t.content for t in middle if t.type != "html_inline")
    (code,) = middle
    assert code.type == "code_inline"
    return str(code.content)


def report(*blocks: Block) -> Report:
    return Report(("From ", Verbatim("a"), " to ", Verbatim("b")), ("1 change",), blocks)


@stable
@given(hostile_texts)
def test_any_text_is_just_that_text_in_a_cell_and_in_a_line(text: str) -> None:
    shown = clean(text)
    assert text_of(code_span(text, in_table=True)).strip() == shown.strip()
    (code,) = leaves(f"* before {code_span(text)} after\n")[1:-1]
    assert (code.type, code.content.strip()) == ("code_inline", shown.strip())


@stable
@given(st.lists(hostile_texts.filter(bool), min_size=1, max_size=4))
def test_a_report_of_hostile_texts_has_its_own_structure_and_no_other(texts: list[str]) -> None:
    words = tuple(map(Verbatim, texts))
    table = Table((("Name",), (Verbatim("h"),)), tuple(((w,), (w, " is ", w)) for w in words))
    written = markdown(
        report(Items(tuple((w,) for w in words), warning=True), Section(("Runs of ", words[0]), (table,)))
    )
    tokens = READER.parse(written)
    count = len(texts)
    kinds = [token.type for token in tokens]
    assert [kinds.count(kind) for kind in ("heading_open", "list_item_open", "tr_open", "td_open", "html_block")] == [
        *(2, count),
        *(count + 1, 2 * count, 1),
    ]
    inner = {leaf.type for leaf in leaves(written)}
    assert inner <= {"text", "code_inline", "softbreak", "html_inline"}
    assert all(leaf.content in ("<code>", "</code>") for leaf in leaves(written) if leaf.type == "html_inline")


def test_two_texts_that_touch_are_two() -> None:
    written = markdown(report(Items(((Verbatim("a"), Verbatim("b")),))))
    assert [leaf.content for leaf in leaves(written) if leaf.type == "code_inline"][-2:] == ["a", "b"]


def test_a_folded_section_is_html_and_what_stands_in_its_title_is_text() -> None:
    written = markdown(report(Section(("of ", Verbatim("<b>`")), (Items((("x",),)),), folded=True)))
    assert "<details><summary>of <code>&lt;b&gt;`</code></summary>\n\n* x\n\n</details>" in written


def test_the_first_line_is_the_mark_by_which_the_comment_is_found_again() -> None:
    assert markdown(report()).splitlines()[:2] == [MARKER, "### Experiments and runs"]


def test_the_best_value_is_bold() -> None:
    assert "| **0.5** |" in markdown(report(Table((("acc",),), (((Best("0.5"),),),))))


def test_a_link_is_a_text_with_an_address_also_in_a_table() -> None:
    cell = (Linked("a|b`", "https://x.example/a"), " and ", Link("compare", "https://x.example/b"))
    written = markdown(report(Items((cell,)), Table((("h",),), ((cell,),))))
    found = [leaf for leaf in leaves(written) if leaf.type == "link_open"]
    assert [leaf.attrs["href"] for leaf in found] == ["https://x.example/a", "https://x.example/b"] * 2
    assert [leaf.content for leaf in leaves(written) if leaf.type == "code_inline"].count("a|b`") == 2


def large(rows: int, width: int) -> Report:
    table = Table((("h",),) * 5, (((Verbatim("x" * width),),) * 5,) * rows)
    items = Items(tuple((Verbatim("y" * width),) for _ in range(rows)))
    bars = Bars("e", "acc", "", tuple(Bar("l" * width, i, 0.0, str(i)) for i in range(rows)))
    return report(items, *(Section(("s",), (table, bars)) for _ in range(rows // 10)))


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "width"), [(100, 10), (500, 10), (200, 2_000)])
def test_a_large_report_is_cut_to_a_comment_and_counts_what_it_leaves_out(rows: int, width: int) -> None:
    written = markdown(large(rows, width))
    assert len(written) <= len(written.encode()) <= 65_536
    assert "… and " in written
    assert written.endswith("Truncated to fit into a comment; run `qanat diff` to see everything.")


def test_a_row_that_is_larger_than_a_comment_leaves_a_sentence() -> None:
    table = Table(tuple((Verbatim("h" * 99),) for _ in range(5_000)), ())
    written = markdown(report(table))
    assert written.splitlines()[-1] == "The report does not fit into a comment; run `qanat diff` to see it."


def test_what_fits_is_not_cut() -> None:
    assert "Cut to fit" not in markdown(large(20, 5))


def test_bars_begin_at_zero_and_say_what_was_before() -> None:
    bars = Bars("e", "acc", "higher", (Bar("n=1", 1, 0, "1 ± 0"), Bar("n=10", 2, 0, "2", before=1.5)))
    assert text_bars(bars, 10, 20) == [
        f"n=1   {'█' * 12}{' ' * 12}  1 ± 0",
        f"n=10  {'█' * 24}  2      before: 1.5",
    ]


@pytest.mark.parametrize("values", [(-1, -2), (-1e308, 1e308), (0, 0), (1, 1), (1e-320, 2e-320), (-0.0, 5)])
def test_bars_of_any_numbers_are_drawn(values: tuple[float, float]) -> None:
    lines = text_bars(Bars("e", "m", "", tuple(Bar("x", v, 0, str(v)) for v in values)), 10, 20)
    assert [line.split()[-1] for line in lines] == [str(v) for v in values]


def test_bars_with_backticks_in_their_labels_stay_in_their_block() -> None:
    bars = Bars("e", "m", "", (Bar("```", 0, 0, "0"), Bar("````x", 0, 0, "0")))  # no chart shows that
    tokens = READER.parse(markdown(report(Section(("s",), (bars,)))))
    (fence,) = [token for token in tokens if token.type == "fence"]
    assert fence.content.splitlines()[0].startswith("```")
