"""References in Markdown and LaTeX: what is one, what is none, and what was meant as one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.condition import parse
from qanat.domain.latex_references import Written, read_values, values_text
from qanat.domain.reference import Kind, OfBest, OfMean, OfRows, OfRun, Scanned, target
from qanat.domain.references import LATEX, MARKDOWN, language_of, references_in
from qanat.errors import UsageError
from tests.support.strategies import stable

END = "<!-- /qanat -->"


def markdown(text: str) -> Scanned:
    return references_in(text, MARKDOWN)


def latex(text: str) -> Scanned:
    return references_in(text, LATEX)


def spelled(found: Scanned) -> list[str]:
    return [one.spelled for one in found.references]


def problems(found: Scanned) -> list[tuple[int, str]]:
    return [(one.line, one.problem) for one in found.broken]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("4:acc", OfRun(4, "", None, "acc")),
        ("4.2:lr", OfRun(4, "", 2, "lr")),
        ("4-7f3a9c.2:--lr", OfRun(4, "7f3a9c", 2, "--lr")),
        ("4:'val acc'", OfRun(4, "", None, "val acc")),
        ("best(acc)", OfBest("acc", parse(""), "acc")),
        ("best(acc, experiment=train, lr<0.01)", OfBest("acc", parse("experiment=train and lr<0.01"), "acc")),
        ("best(loss.min, tag='a, (b'):lr", OfBest("loss.min", parse("tag='a, (b'"), "lr")),
        ("mean(acc, (lr<1 or lr>2), not --fast)", OfMean("acc", parse("(lr<1 or lr>2) and not --fast"))),
    ],
)
def test_what_a_reference_names(text: str, meant: object) -> None:
    assert target(text) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a reference"),
        ("acc", "is not a reference"),
        ("four:acc", "is not a reference"),
        ("4", "names nothing of the run"),
        ("4:", "names nothing of the run"),
        ("4-7f3a:acc", "is not a reference"),
        ("4.x:acc", "is not a reference"),
        ("best(acc", r"'\(' is not closed"),
        ("best(acc, tag='x)", r"'\(' is not closed"),
        ("best(, lr<1)", "names no metric"),
        ("best(acc, lr<)", "a value is missing after '<'"),
        ("best(acc) lr", "after '\\)' means nothing"),
        ("mean(acc):lr", "after the mean means nothing"),
        ("worst(acc)", "is not a reference"),
    ],
)
def test_what_names_nothing(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        target(text)


def test_references_in_markdown() -> None:
    text = (
        f"# Über uns\r\nIt is <!-- qanat:4:acc digits=3 percent -->95.3%{END}, best "
        f"<!-- qanat:best(acc, lr<0.01):lr pinned=12-7f3a9c.3 -->0.001{END}\r\n"
        f"<!-- qanat:runs\r\n  where=\"lr<0.01 and tag='x y'\" columns='lr, acc' groups -->\r\n\r\n"
        f"| a |\r\n\r\n{END}\r\n"
        f"<!-- qanat:figure 4.1:m.svg -->![M](<figures/my figure.svg>){END}"
        f'<!--qanat:figure 4:m.png--><img src="m%201.png">{END}'
    )
    found = markdown(text)
    assert not found.broken
    value, best, table, figure, html = found.references
    assert (value.line, value.column, value.options, text[value.start : value.end]) == (
        2,
        7,
        {"digits": "3", "percent": ""},
        "95.3%",
    )
    assert (best.pinned, text[slice(*best.at_pin)]) == ("12-7f3a9c.3", " pinned=12-7f3a9c.3")
    assert table.target == OfRows(parse("lr<0.01 and tag='x y'"))
    assert (table.kind, table.line, table.options["columns"]) == (Kind.RUNS, 3, "lr, acc")
    assert (figure.file, figure.spelled, html.file) == ("figures/my figure.svg", "4.1:m.svg", "m 1.png")


@pytest.mark.parametrize(
    "code",
    [
        "`<!-- qanat:4:acc -->1<!-- /qanat -->`",
        "``a ` <!-- qanat:4:acc -->1<!-- /qanat -->``",
        "```md\n<!-- qanat:4:acc -->1<!-- /qanat -->\n``\n```",
        "> ~~~~\n> <!-- qanat:4:acc -->1<!-- /qanat -->\n> ~~~\n> ~~~~",
        "- ```\n  <!-- qanat:4:acc -->1<!-- /qanat -->\n  ```",
        "```\n<!-- qanat:4:acc -->1<!-- /qanat -->",
        "<!-- see\n`code` and ```\n<b> qanat:4:acc -->",
    ],
)
def test_code_and_comments_are_left_alone(code: str) -> None:
    found = markdown(f"a\n{code}\n")
    assert (found.references, found.broken) == ([], [])
    if not code.startswith("```\n<"):
        after = markdown(f"a\n{code}\n\n<!-- qanat:5:acc -->1{END}\n")
        assert spelled(after) == ["5:acc"]


@pytest.mark.parametrize(
    "text",
    [
        f"a ` b <!-- qanat:4:acc -->1{END}",
        f"a ` b\n\n<!-- qanat:4:acc -->1{END} ` c",
        f"a \\`<!-- qanat:4:acc -->1{END}`",
        f"<!-- qanat:4:acc -->`x{END} `",
    ],
)
def test_what_only_looks_like_code_is_read(text: str) -> None:
    assert spelled(markdown(text)) == ["4:acc"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!-- qanat:4:acc -->0.9", "is not closed"),
        (f"<!-- qanat:4:acc -->0.9 <!-- qanat:5:acc -->1{END}", "'qanat:4:acc' is not closed"),
        ("<!-- qanat:4:acc", "the comment is not closed"),
        (f"x {END}", "closes nothing"),
        (f"<!-- Qanat:4:acc -->1{END}", "is like a reference"),
        ("<!-- qanat 4:acc -->1", "is like a reference"),
        ("<!-- qanat runs -->1", "is like a reference"),
        (f"<!-- qanat:4 acc -->1{END}", "names nothing of the run"),
        (f"<!-- qanat:4:acc digit=3 -->1{END}", "option 'digit' does not exist"),
        (f"<!-- qanat:4:acc digits=0 -->1{END}", "digits=0 is not a whole number"),
        (f"<!-- qanat:4:acc digits=²  -->1{END}", "digits=² is not a whole number"),
        (f"<!-- qanat:4:acc format=%s -->1{END}", "is not a format"),
        (f"<!-- qanat:4:acc digits=3 decimals=2 -->1{END}", "digits cannot be used with decimals"),
        (f"<!-- qanat:4:acc percent=yep -->1{END}", "takes no value"),
        (f"<!-- qanat:4:acc digits -->1{END}", "requires a value"),
        (f"<!-- qanat:4:acc digits=3 digits=4 -->1{END}", "is there twice"),
        (f'<!-- qanat:runs where="lr<1 -->1{END}', "is not closed"),
        (f"<!-- qanat:runs where='lr<' -->1{END}", "a value is missing"),
        (f"<!-- qanat:runs top=-1 -->1{END}", "top=-1 is not a whole number"),
        (f"<!-- qanat:figure 4:m.svg -->here{END}", "there is no image"),
        (f"<!-- qanat:4:acc -->1\n\nMuch text.\n{END}", "another paragraph"),
        (f"<!-- qanat:runs -->\n\n# Title\n{END}", "more than a table"),
        (f"<!-- qanat:4:{'a' * 3000} -->1{END}", "more than 2,000 characters"),
    ],
)
def test_what_was_meant_as_a_reference_is_reported(text: str, problem: str) -> None:
    found = markdown(f"Title\n\n{text}\n")
    assert [line for line, said in problems(found) if problem in said] == [3], problems(found)


def test_references_in_latex() -> None:
    text = (
        "\\section{A \\qanat{4:acc}} % \\qanat{5:acc}\n"
        "\\qanat [digits=3,\n percent] {best(val\\_acc, lr<0.01)} 5\\% \\qanat{mean(acc,\r\n  lr=1)}\n"
        "\\qanattable[columns={lr, acc}, sort=-acc]{experiment=train}\\qanatcompare[pool]{}\n"
        "\\qanatfigure[width=0.5\\textwidth]{4.0:m.pdf}\n{figures/m.pdf}\\end{document}\\qanat{nothing"
    )
    found = latex(text)
    assert not found.broken
    plain, best, mean, table, compare, figure = found.references
    assert (plain.key, plain.line, plain.column) == ("4:acc", 1, 12)
    assert best.key == "[digits=3, percent]best(val\\_acc, lr<0.01)"
    assert best.target == OfBest("val_acc", parse("lr<0.01"), "val_acc")
    assert (mean.key, mean.line) == ("mean(acc, lr=1)", 3)
    assert table.options == {"columns": "lr, acc", "sort": "-acc"}
    assert (table.key, compare.key) == ("table:[columns={lr, acc}, sort=-acc]experiment=train", "compare:[pool]")
    assert (figure.file, figure.key) == ("figures/m.pdf", "figure:4.0:m.pdf")


@pytest.mark.parametrize(
    "code",
    [
        "\\verb|\\qanat{4:acc}|",
        "\\verb*+\\qanat{4:acc}+",
        "\\lstinline[language=TeX]{\\qanat{4:acc}}",
        "\\mintinline{tex}|\\qanat{4:acc}|",
        "\\begin{verbatim}\n\\qanat{4:acc}\n\\end{verbatim}",
        "\\begin{lstlisting}[language=TeX]\n\\qanat{4:acc\n\\end{lstlisting}",
        "\\begin{minted} {tex}\n\\qanat{4:acc}\n\\end{minted}",
        "\\begin {verbatim*}\\qanat{4:acc}\\end{verbatim*}",
        "\\\\% \\qanat{4:acc}",
        "\\newcommand{\\qanatx}{4} \\qanatvalue{4:acc}{}{1}",
    ],
)
def test_listings_are_left_alone(code: str) -> None:
    assert spelled(latex(f"a {code}\n\\qanat{{5:acc}}")) == ["5:acc"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\\qanat{4:acc", "is not closed"),
        ("\\qanat[digits=3{4:acc}", "'[' is not closed"),
        ("\\qanat 4:acc", "has no reference in braces"),
        ("\\qanat\n\n{4:acc}", "has no reference in braces"),
        ("\\qanat{4}", "names nothing of the run"),
        ("\\qanat{#1:acc}", "has a parameter of a macro"),
        ("\\qanat{\\run:acc}", "has a command in it"),
        ("\\qanat{4:acc % four\n}", "has a comment in it"),
        ("\\qanat[digit=3]{4:acc}", "option 'digit' does not exist"),
        ("\\qanat[pinned=4-7f3a9c]{4:acc}", "are not for LaTeX"),
        ("\\qanattabel{lr<1}", "\\qanattabel does not exist"),
        ("\\qanattable{lr<}", "a value is missing"),
        ("\\qanatfigure{4:m.pdf}", "and the file after it"),
    ],
)
def test_what_was_meant_as_a_command_is_reported(text: str, problem: str) -> None:
    found = latex(f"Title\n\n{text}\n")
    assert [line for line, said in problems(found) if problem in said] == [3], problems(found)


def test_values_are_read_as_they_were_written() -> None:
    table = "\\begin{tabular}{l}\n\\{ \\% \\\\\n\\end{tabular}\n% mean\n"
    values = {"[columns={a,b}]x": Written("4-7f3a9c", "0.5"), "table:": Written("", table), "a\\_b": Written("", "")}
    text = values_text(values)
    assert read_values(text) == values
    assert list(read_values(text)) == sorted(values)
    assert read_values(f"<<<<<<< ours\n{text}=======\n") == values
    assert read_values(text.replace("0.5", "{0.5")) == {}


def test_many_mistakes_are_bounded_and_no_silence() -> None:
    for language, text in ((LATEX, "\\qanat{"), (MARKDOWN, "<!-- qanat:4:acc -->")):
        found = references_in(text * 50_000, language)
        assert len(found.broken) == 101
        assert found.broken[-1].problem == "what follows was not read"


def test_ten_thousand_references_are_read() -> None:
    text = "".join(f"{n}: <!-- qanat:{n}:acc -->0.{n}{END}\n" for n in range(1, 10_001))
    assert [one.line for one in markdown(text).references] == list(range(1, 10_001))
    text = "".join(f"{n}: \\qanat{{{n}:acc}}\n" for n in range(1, 10_001))
    assert [one.line for one in latex(text).references] == list(range(1, 10_001))


def test_languages_by_name() -> None:
    assert language_of("a/paper.TEX") == LATEX
    assert language_of("README.md") == language_of("page.qmd") == MARKDOWN
    assert language_of("qanat-values.tex") == language_of("a.txt") == ""


PIECES = [
    *(
        "<!--",
        "-->",
        "qanat:",
        "/qanat",
        "4:acc",
        "`",
        "```",
        "best(",
        ")",
        "'",
        '"',
        "\\",
        "{",
        "}",
        "#",
        "=",
        "é",
        "%",
    ),
    *("\\qanat", "[", "]", "\\verb", "\\begin{verbatim}", "\\end{document}", "runs", " ", "\n", "\n\n"),
]


@stable
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_text_can_be_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    for language in (LATEX, MARKDOWN):
        found = references_in(text, language)
        for one in found.references:
            assert 0 <= one.start <= one.end <= len(text)
        marks = re.findall(r"<!--\s*qanat:", text)
        assert language == LATEX or len(found.references) + len(found.broken) <= 2 * len(marks) + text.count("qanat")
