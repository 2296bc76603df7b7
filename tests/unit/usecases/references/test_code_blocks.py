"""Which references in Markdown are examples by their place, and which are read."""

from __future__ import annotations

import pytest

from qanat.domain.references import MARKDOWN, references_in
from qanat.usecases.references.code_blocks import code_in

ONE = "<!-- qanat:4:acc -->1<!-- /qanat -->"
AFTER = "\n\n<!-- qanat:5:acc -->1<!-- /qanat -->\n"


def read(text: str, path: str = "a.md") -> list[str]:
    found = references_in(text, MARKDOWN, code_in(path, text))
    assert found.broken == []
    return [one.spelled for one in found.references]


@pytest.mark.parametrize(
    "code",
    [
        f"    {ONE}",
        f"\t{ONE}",
        f"    x = 1\n\n      {ONE}\n    y",
        "    <!-- qanat:4:acc -->",
        f"    ```\n    {ONE}\n    ```",
        f"> a\n>\n>     {ONE}",
        f"- a\n\n      {ONE}\n",
        f"1.      {ONE}",
        f"- a\n  - b\n\n        {ONE}",
        f"<pre>\n{ONE}\n\n{ONE}\n</pre>",
        f"<div><PRE class='a'>{ONE}\n\n{ONE}</PRE></div>",
        f"<pre>`</pre>\n\n<pre>{ONE}</pre>",
        f"[^1]: a\n\n    b\n\nText.\n\n    {ONE}",
    ],
)
def test_code_is_left_alone(code: str) -> None:
    for newline in ("\n", "\r\n"):
        assert read(f"Title\n\n{code}{AFTER}".replace("\n", newline)) == ["5:acc"]


@pytest.mark.parametrize(
    "text",
    [
        f"   {ONE}",
        f"a\n    {ONE}",
        f"- a\n\n    {ONE}",
        f"- a\n  - b\n\n    {ONE}\n      {ONE}",
        f"1. a\n\n    {ONE}",
        f"10. a\n\n    {ONE}\n\n    b",
        f"> - a\n>\n>     {ONE}",
        f"[^1]: a\n    {ONE}\n\n    b\n\n    {ONE}",
        f"term\n:   a\n\n    {ONE}",
        f"a <pre> {ONE}",
        f"```\n<pre>\n```\n{ONE}",
    ],
)
def test_what_is_indented_elsewhere_is_read(text: str) -> None:
    assert set(read(f"Title\n\n{text}{AFTER}")) == {"4:acc", "5:acc"}


def test_html_has_no_such_code() -> None:
    assert read(f"<body>\n\n    {ONE}\n<pre>{ONE}</pre>", "a.HTML") == ["4:acc", "4:acc"]
    assert code_in("a.tex", f"    {ONE}") == []


def test_many_references_in_lists_are_read() -> None:
    assert len(read(f"- a\n\n    {ONE}\n" * 2_000)) == 2_000


def test_finding_code_takes_time_in_proportion_to_the_text() -> None:
    for text in (" " * 100_000, "<div><pre>\n\n" * 4_000, f"{'> ' * 200}    qanat\n" * 100):
        code_in("a.md", text)
