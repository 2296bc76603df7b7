"""Cells and tables for other programs: Markdown, LaTeX and CSV, with everything escaped that would act there."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from qanat.domain.shortening import CELL_MAX, shortened
from qanat.domain.visible import escaped

BEST = " *"
NUMBER_MAX = 40
# Mentions, references and links, which a backslash does not prevent.
BACKTICKS = re.compile("`+")
_ACTS_IN_MARKDOWN = re.compile(r"@|#\d|\bGH-\d|(?<!\w)[!%]\d|://|www\.|mailto:|xmpp:", re.IGNORECASE)
# The beginnings of a cell and of its parts: a spreadsheet that expects semicolons or tabs ends a cell there.
_BEGINNING = re.compile(r'((?:\A|[;\t\r\n])[ "]*)([^;\t\r\n]*)')
# What spreadsheets begin a formula with, some of them also in full width.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_SPECIAL_IN_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\char34{}",
    "[": "{[}",
    "]": "{]}",
    "…": "\\ldots{}",
    "±": "$\\pm$",
}
_DASHES = re.compile(r"-(?=-)")  # two would be drawn as a longer one
_NUMBER = r"-?(?:[0-9]{1,40}(?:\.[0-9]{1,40})?(?:e[+-][0-9]{1,4})?|inf|nan)"
_EXPONENT = re.compile(r"e([+-][0-9]{1,4})")
# A number or a mean with its deviation, and after it nothing or something in parentheses.
_QUANTITY = re.compile(rf"(?:{_NUMBER}(?: ± {_NUMBER})?|\({_NUMBER} ± {_NUMBER}\)e[+-][0-9]{{1,4}})(?= \(|\Z)")
# What is said of a difference from a baseline or of a mean, such as p < 0.001.
_SYMBOL = re.compile(r"(?<=[ (])([pn] ?[=<] ?[0-9.]+)(?=[,)])")
# A difference from a baseline, after what precedes it.
_DIFFERENCE = re.compile(r"((?: \(n=[0-9]+\))? \()([+-][0-9.]+(?:e[+-][0-9]+)?)(?=, )")


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; cells that end with BEST are bold."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(_marked(escaped(shortened(cell, CELL_MAX))) for cell in cells)} |"

    return "\n".join([line(headings), f"|{'---|' * len(headings)}", *map(line, rows)])


def _marked(cell: str) -> str:
    """Escape the special characters of Markdown, and write the best value in bold.

    A text with a link, a mention or a reference is quoted as code.
    """
    text = cell.removesuffix(BEST)
    if _ACTS_IN_MARKDOWN.search(text):
        return code_span(text, in_table=True)
    for special in ("\\", "|", "*", "_", "`", "<", "[", "&", "~", "$"):
        text = text.replace(special, f"\\{special}")
    return f"**{text}**" if cell.endswith(BEST) else text


def markdown_text(text: str) -> str:
    """Return a line of text for Markdown."""
    return _marked(escaped(shortened(text, CELL_MAX)))


def code_span(text: str, *, in_table: bool = False) -> str:
    """Quote any text so that Markdown shows exactly that text.

    Section 6.1 of CommonMark: a span ends with as many backticks as it starts with. In GitHub's tables, a `|` needs a
    backslash even in code. If the text has a backslash before it, that is ambiguous, so it becomes HTML with a
    character reference for every special character.
    """
    text = escaped(text)
    if in_table and "\\|" in text:
        numbers = "".join(c if c.isalnum() or c == " " or not c.isascii() else f"&#{ord(c)};" for c in text)
        return f"<code>{numbers}</code>"
    longest = max((len(run) for run in BACKTICKS.findall(text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if not text.strip() or text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text.replace('|', chr(92) + '|') if in_table else text}{pad}{ticks}"


def latex_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a tabular for LaTeX's booktabs package; columns of numbers are aligned to the right."""
    shown = [[escaped(shortened(cell, CELL_MAX)) for cell in row] for row in rows]
    columns = range(len(headings))
    numeric = [all(_is_number(row[place]) for row in shown) and any(row[place] for row in shown) for place in columns]

    def line(cells: Iterable[str]) -> str:
        return f"{' & '.join(map(latex, cells))} \\\\"

    return "\n".join(
        [
            f"\\begin{{tabular}}{{{''.join('r' if is_number else 'l' for is_number in numeric)}}}",
            "\\toprule",
            line(escaped(shortened(heading, CELL_MAX)) for heading in headings),
            "\\midrule",
            *map(line, shown),
            "\\bottomrule",
            "\\end{tabular}",
        ]
    )


def latex(cell: str) -> str:
    """Return a cell for LaTeX: a number in math mode if it needs that, bold if BEST is after it, and a text escaped."""
    text = cell.removesuffix(BEST)
    found = _QUANTITY.match(text)
    if not found:
        return _escaped(cell)
    number = _EXPONENT.sub(_power, found[0].replace("inf", "\\infty").replace("±", "\\pm"))
    is_math = number != found[0] or number.startswith("-")
    if cell.endswith(BEST):
        number = f"\\mathbf{{{number}}}" if is_math else f"\\textbf{{{number}}}"
    return (f"${number}$" if is_math else number) + _after_number(text[found.end() :])


def _after_number(text: str) -> str:
    """Return what follows a number, with its numbers in math mode, where a minus is not a hyphen."""
    found = _DIFFERENCE.match(text)
    if not found:
        return _with_symbols(text)
    difference = _EXPONENT.sub(_power, found[2])
    return f"{_with_symbols(found[1])}${difference}${_with_symbols(text[found.end() :])}"


def _with_symbols(text: str) -> str:
    parts = _SYMBOL.split(text)
    return "".join(f"${part}$" if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _power(exponent: re.Match[str]) -> str:
    return f" \\times 10^{{{int(exponent[1])}}}"


def _escaped(text: str) -> str:
    # The line break of the row before would take a star for its own.
    first = "{}" if text.startswith("*") else ""
    return first + _DASHES.sub("-{}", "".join(_SPECIAL_IN_LATEX.get(character, character) for character in text))


def latex_comment(text: str) -> str:
    """Return a line of text that LaTeX does not print."""
    return f"% {escaped(shortened(text, CELL_MAX))}"


def _is_number(cell: str) -> bool:
    return not cell or _QUANTITY.match(cell.removesuffix(BEST)) is not None


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV, without a newline at the end; texts are harmless in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(inert, headings))
    writer.writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue().rstrip("\n")


def inert(cell: str) -> str:
    """Return a cell with an apostrophe before everything that a spreadsheet would take for a formula; numbers stay."""
    return _BEGINNING.sub(lambda found: found[1] + ("'" if _is_formula(found[2]) else "") + found[2], cell)


def _is_formula(text: str) -> bool:
    if not text.startswith(_FORMULA):
        return False
    try:
        return len(text) > NUMBER_MAX or not math.isfinite(float(text))
    except ValueError:
        return True
