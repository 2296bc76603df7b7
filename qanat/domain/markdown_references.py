"""References in Markdown and Quarto: comments around what they stand for, which qanat writes.

    <!-- qanat:4:acc digits=3 -->0.953<!-- /qanat -->
    <!-- qanat:runs where="lr<0.01" columns="lr,acc" -->…<!-- /qanat -->
    <!-- qanat:figure 4:means.pdf -->![Means](figures/means.pdf)<!-- /qanat -->

Code, in blocks with fences or between backticks, is left alone, as CommonMark says (4.5 and 6.1), and where the
caller knows of more. Reading takes time in proportion to the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from qanat.domain import reference, reference_options
from qanat.domain.reference import BROKEN_MAX, LENGTH_MAX, Broken, Kind, Reference, Scanned
from qanat.domain.reference_options import PINNED
from qanat.domain.shortening import quoted
from qanat.domain.text_lines import Lines
from qanat.errors import UsageError

CLOSE = "<!-- /qanat -->"
_TOKEN = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)?(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)|<!--|`+", re.MULTILINE
)
_RUNS = re.compile("`+")
_BLANK = re.compile(r"\n[ \t]*\r?\n")
_FENCE_LINE = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t\r]*\Z")
_NO_TABLE = re.compile(r"^[ \t]*(?:`{3}|~{3}|#)", re.MULTILINE)
_BEGINS = {kind.value: kind for kind in (Kind.RUNS, Kind.COMPARE, Kind.FIGURE)}
_LIKE = "is like a reference, and is none"
_FORMS = "write <!-- qanat:4:acc -->, and <!-- /qanat --> after the value"


def scan(text: str, code: Sequence[tuple[int, int]] = ()) -> Scanned:
    """Return the references in a text, and what looks like one and is broken; not in these places, in their order."""
    return _Scan(text, code).found() if "qanat" in text.lower() else Scanned()


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment: where it begins, where what is in it ends, and where it ends itself."""

    start: int
    inner: str
    end: int


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str, code: Sequence[tuple[int, int]]) -> None:
        self._code = code
        self._text, self._lines, self._scanned = text, Lines(text), Scanned()
        self._blanks = [found.start() for found in _BLANK.finditer(text)]
        self._runs: dict[int, list[int]] = {}
        for found in _RUNS.finditer(text):
            self._runs.setdefault(len(found[0]), []).append(found.start())

    def found(self) -> Scanned:
        """Return what is in the text."""
        place = 0
        while (token := _TOKEN.search(self._text, place)) and len(self._scanned.broken) < BROKEN_MAX:
            fence, start = token["fence"], token.start()
            if (after := self._after_place(start)) > start:
                place = after
                continue
            if fence and not (fence[0] == "`" and "`" in token["info"]):
                place = self._after_fence(fence, token.end())
            elif fence or token[0][0] == "`":
                begin = token.start("fence") if fence else start
                place = self._after_code(begin, len(fence or token[0]))
            else:
                place = self._after_comment(start)
        return self._scanned

    # ---- code

    def _after_place(self, start: int) -> int:
        """Return where the place that is left alone ends in which something begins; its beginning without one."""
        before = bisect_right(self._code, start, key=lambda place: place[0]) - 1
        return max(start, self._code[before][1]) if before >= 0 else start

    def _after_fence(self, fence: str, place: int) -> int:
        """Return where a block of code ends: after a line with the same fence, or one that is longer."""
        while (line := self._text.find("\n", place) + 1) > 0:
            place = self._text.find("\n", line)
            place = len(self._text) if place < 0 else place
            found = _FENCE_LINE.match(self._text[line:place])
            if found and found[1].startswith(fence):
                return place
            if place == len(self._text):
                break
        return len(self._text)

    def _after_code(self, start: int, length: int) -> int:
        """Return where a code span ends; after its backticks if they begin none."""
        slashes = start
        while slashes and self._text[slashes - 1] == "\\":
            slashes -= 1
        if (start - slashes) % 2:
            start, length = start + 1, length - 1
        runs = self._runs.get(length, []) if length else []
        after = bisect_right(runs, start)
        if after == len(runs) or self._has_blank(start, runs[after]):
            return start + length
        return runs[after] + length

    def _has_blank(self, start: int, end: int) -> bool:
        place = bisect_right(self._blanks, start)
        return place < len(self._blanks) and self._blanks[place] < end

    # ---- comments

    def _comment(self, start: int) -> _Comment | None:
        end = self._text.find("-->", start + 4)
        return _Comment(start, self._text[start + 4 : end], end + 3) if end >= 0 else None

    def _after_comment(self, start: int) -> int:
        """Read a comment, and what it is about if it is a reference; return where that ends."""
        comment = self._comment(start)
        if comment is None:
            if self._text[start + 4 : start + 100].strip().lower().startswith("qanat:"):
                self._break(start, "the comment is not closed", "close it with -->")
            return len(self._text)
        inner = comment.inner.strip()
        if not inner.startswith("qanat:"):
            self._check_other(start, inner)
            return comment.end
        closing = self._closing(comment.end)
        if closing is None:
            self._break(start, f"{quoted(inner)} is not closed", f"write {CLOSE} after what it stands for")
            return comment.end
        try:
            self._scanned.references.append(self._reference(comment, closing))
        except UsageError as error:
            self._break(start, error.message, error.hint)
        return closing.end

    def _closing(self, place: int) -> _Comment | None:
        """Return the comment that closes the reference before a place; None if another reference begins before it."""
        while (start := self._text.find("<!--", place)) >= 0 and (comment := self._comment(start)):
            inner = comment.inner.strip()
            if inner == "/qanat":
                return comment
            if inner.startswith("qanat:"):
                return None
            place = comment.end
        return None

    def _check_other(self, start: int, inner: str) -> None:
        """Note a comment that was probably meant as a reference."""
        if inner == "/qanat":
            self._break(start, f"{CLOSE} closes nothing", "remove it, or write <!-- qanat:… --> before the value")
            return
        low = inner.lower()
        is_meant = low.startswith("qanat ") and _is_target(low.split(None, 2)[1])
        if is_meant or low.startswith(("qanat:", "qanat :", "/qanat", "/ qanat")):
            self._break(start, f"{quoted(inner)} {_LIKE}", _FORMS)

    def _reference(self, comment: _Comment, closing: _Comment) -> Reference:
        """Return the reference in a comment. Raises UsageError."""
        begin = comment.start + 4 + comment.inner.index("qanat:") + len("qanat:")
        inner = comment.inner[begin - comment.start - 4 :]
        if len(inner) > LENGTH_MAX:
            raise UsageError(f"a reference has more than {LENGTH_MAX:,} characters")
        first, rest = [*inner.split(None, 1), "", ""][:2]
        kind = _BEGINS.get(first, Kind.VALUE)
        is_table = kind in (Kind.RUNS, Kind.COMPARE)
        if is_table:
            spelled = inner.strip()
        else:
            spelled, rest = _split_target((inner if kind is Kind.VALUE else rest).lstrip())
        options = options_in(rest)
        meant = reference.rows(options.get("where", "")) if is_table else reference.target(spelled)
        reference_options.check(kind, options)
        shown = self._text[comment.end : closing.start]
        self._check_shown(kind, shown)
        pin = options.pop(PINNED, "")
        line, column = self._lines.at(comment.start)
        return Reference(
            kind,
            meant,
            options,
            spelled,
            inner.strip(),
            line,
            column,
            comment.end,
            closing.start,
            shown,
            _file_of(shown) if kind is Kind.FIGURE else "",
            pin,
            self._at_pin(begin, inner, pin),
        )

    def _at_pin(self, begin: int, inner: str, pin: str) -> tuple[int, int]:
        """Return where the pin of a reference is, with the space before it, or where it would be."""
        if not pin:
            end = begin + len(inner.rstrip())
            return end, end
        start = inner.rindex(PINNED)
        while inner[start - 1].isspace():
            start -= 1
        end = inner.index(pin, inner.rindex(PINNED)) + len(pin)
        end += inner[end : end + 1] in ("'", '"') and inner[end : end + 1] != ""
        return begin + start, begin + end

    def _check_shown(self, kind: Kind, shown: str) -> None:
        """Raise UsageError if so much is between two comments that one of them was probably forgotten."""
        if kind in (Kind.RUNS, Kind.COMPARE):
            if _NO_TABLE.search(shown):
                raise UsageError("what is between the comments is more than a table", hint=f"is a {CLOSE} missing?")
        elif _BLANK.search(shown):
            raise UsageError("the value ends in another paragraph", hint=f"is a {CLOSE} missing?")

    def _break(self, place: int, problem: str, hint: str = "") -> None:
        self._scanned.broken.append(Broken(*self._lines.at(place), problem, hint))


def _is_target(text: str) -> bool:
    return ":" in text or text.startswith(("best(", "mean(")) or text in _BEGINS


def _split_target(text: str) -> tuple[str, str]:
    """Return what a reference names, up to the first space outside of quotes and parentheses, and the rest."""
    text = text.rstrip()
    for place in reference.outside(text):
        if text[place].isspace():
            return text[:place], text[place:]
    return text, ""


def options_in(text: str) -> dict[str, str]:
    """Return options such as `digits=3 percent where="lr<0.01"`. Raises UsageError if they cannot be read."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        begin = place
        while place < len(text) and text[place] != "=" and not text[place].isspace():
            place += 1
        name, value = text[begin:place], ""
        if text[place : place + 1] == "=":
            value, place = _value(text, place + 1)
        if not name or name in found:
            problem = f"option {quoted(name)} is there twice" if name else f"a name is missing before '={value}'"
            raise UsageError(problem, hint='options are name=value or name="some value"')
        found[name] = value
    return found


def _value(text: str, place: int) -> tuple[str, int]:
    """Return the value of an option, and where it ends."""
    quote = text[place : place + 1]
    if quote in ("'", '"') and quote:
        end = text.find(quote, place + 1)
        if end < 0:
            raise UsageError(f"the quote before {quoted(text[place + 1 :][:40])} is not closed")
        return text[place + 1 : end], end + 1
    end = place
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[place:end], end


def _file_of(shown: str) -> str:
    """Return the file of an image in Markdown or HTML. Raises UsageError if there is none."""
    place = shown.find("](")
    if place >= 0:
        inner = shown[place + 2 :].lstrip()
        end = inner.find(">") if inner.startswith("<") else min(_ends(inner), default=-1)
        if end > 0:
            return unquote(inner[1:end] if inner.startswith("<") else inner[:end])
    place = shown.find("src=")
    quote = shown[place + 4 : place + 5] if place >= 0 else ""
    if quote in ("'", '"') and quote and (end := shown.find(quote, place + 5)) > 0:
        return unquote(shown[place + 5 : end])
    raise UsageError("there is no image between the comments", hint="write ![Title](path/of/figure.png) there")


def _ends(inner: str) -> list[int]:
    return [end for end in map(inner.find, (")", " ", "\n", "{")) if end > 0]


def table_text(table: str, newline: str) -> str:
    """Return a table as it is between its comments: with blank lines around it, so that it is read as Markdown."""
    return f"\n\n{table}\n\n".replace("\n", newline)


def with_pin(pin: str) -> str:
    """Return what is written into a comment about what a condition came to."""
    return f" {PINNED}={pin}" if pin else ""
