r"""References in LaTeX: commands of qanat.sty, whose values are in another file, which qanat writes.

    \qanat[digits=3]{4:acc}                                  \qanattable[columns={lr,acc}]{experiment=train}
    \qanatfigure[width=\textwidth]{4:means.pdf}{means.pdf}   \qanatcompare{run=4}

Comments, verbatim text and listings are left alone, and so is what follows \end{document}. Reading takes time in
proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qanat.domain import reference, reference_options
from qanat.domain.reference import BROKEN_MAX, LENGTH_MAX, Broken, Kind, Reference, Scanned
from qanat.domain.shortening import quoted
from qanat.domain.text_lines import Lines
from qanat.errors import UsageError

COMMANDS = {"qanat": Kind.VALUE, "qanattable": Kind.RUNS, "qanatcompare": Kind.COMPARE, "qanatfigure": Kind.FIGURE}
VALUES, STYLE = "qanat-values.tex", "qanat.sty"
_DEFINING = "qanatvalue"
_TOKEN = re.compile(r"%|\\(?:([A-Za-z@]+)|.)", re.DOTALL)
_VERBATIM = frozenset(
    f"{name}{star}"
    for name in ("verbatim", "Verbatim", "BVerbatim", "LVerbatim", "lstlisting", "minted", "comment", "filecontents")
    for star in ("", "*")
)
_INLINE = frozenset({"verb", "lstinline", "mintinline", "Verb"})
_ENVIRONMENT = re.compile(r"[ \t]*\{([A-Za-z]{1,40}\*?)\}")
_SPACE = re.compile(r"\s+")
_ESCAPED = re.compile(r"\\([%_#&$ ])")
# Comments, and backslashes that are escaped, begin no command.
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}\n%\\]{1,400})\}|\\.|%[^\n]*", re.DOTALL)
_PREFIXES = {Kind.VALUE: "", Kind.RUNS: "table:", Kind.COMPARE: "compare:", Kind.FIGURE: "figure:"}
_HEAD = """\
% What the references of qanat in these texts stand for, and the runs that it is from.
% qanat document check --write writes this file; do not edit it.
"""


def scan(text: str) -> Scanned:
    """Return the references in a text, and what looks like one and is broken."""
    return _Scan(text).found() if "\\qanat" in text else Scanned()


def inputs(text: str) -> list[str]:
    """List the files that a text reads as parts of it, by the names that it has for them."""
    return list(dict.fromkeys(found[1].strip() for found in _INPUT.finditer(text) if found[1]))


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self._text, self._lines, self._scanned = text, Lines(text), Scanned()

    def found(self) -> Scanned:
        """Return what is in the text."""
        place = 0
        while (token := _TOKEN.search(self._text, place)) and len(self._scanned.broken) < BROKEN_MAX:
            name = token[1] or ""
            if token[0] == "%":
                place = self._end_of_line(token.end())
            elif name in ("begin", "end"):
                place = self._after_environment(name, token.end())
            elif name in _INLINE:
                place = self._after_inline(name, token.end())
            elif name.startswith("qanat"):
                place = self._after_command(name, token)
            else:
                place = token.end()
        return self._scanned

    def _end_of_line(self, place: int) -> int:
        end = self._text.find("\n", place)
        return len(self._text) if end < 0 else end

    def _after_environment(self, command: str, place: int) -> int:
        """Return where reading continues after \\begin or \\end, which is after all that is verbatim."""
        found = _ENVIRONMENT.match(self._text, place)
        if found is None:
            return place
        if command == "end":
            return len(self._text) if found[1] == "document" else found.end()
        if found[1] not in _VERBATIM:
            return found.end()
        end = self._text.find(f"\\end{{{found[1]}}}", found.end())
        return len(self._text) if end < 0 else end + len("\\end{}") + len(found[1])

    def _after_inline(self, name: str, place: int) -> int:
        """Return where verbatim text within a line ends."""
        text = self._text
        place += text[place : place + 1] == "*"
        if text[place : place + 1] == "[":
            place = max(place, text.find("]", place, self._end_of_line(place)) + 1)
        if name == "mintinline" and text[place : place + 1] == "{":
            place = max(place, text.find("}", place, self._end_of_line(place)) + 1)
        delimiter = text[place : place + 1]
        if not delimiter or delimiter.isspace():
            return place
        if delimiter == "{" and name != "verb":
            return max(place + 1, _balanced(text, place))
        return max(place + 1, text.find(delimiter, place + 1, self._end_of_line(place)) + 1)

    def _after_command(self, name: str, token: re.Match[str]) -> int:
        """Read a command of qanat.sty, and return where it ends."""
        start, place = token.start(), _skip_space(self._text, token.end())
        if name not in COMMANDS:
            if name != _DEFINING and self._text[place : place + 1] in ("{", "["):
                known = ", ".join(f"\\{one}" for one in COMMANDS)
                self._break(start, f"\\{name} does not exist", f"known: {known}")
            return token.end()
        try:
            options, place = self._option(place)
            argument, place = self._argument(name, place)
            file = ""
            if COMMANDS[name] is Kind.FIGURE:
                file, place = self._argument(name, place)
            self._scanned.references.append(self._reference(COMMANDS[name], start, options, argument, file))
        except UsageError as error:
            self._break(start, error.message, error.hint)
            return token.end()
        return place

    def _option(self, place: int) -> tuple[str, int]:
        """Return what is in brackets, if anything is, and where that ends."""
        if self._text[place : place + 1] != "[":
            return "", place
        depth = 0
        for end in range(place + 1, min(len(self._text), place + LENGTH_MAX)):
            character = self._text[end]
            depth += (character == "{") - (character == "}")
            if character == "]" and depth <= 0:
                return self._text[place + 1 : end], _skip_space(self._text, end + 1)
        raise UsageError("'[' is not closed", hint="write ] before the reference")

    def _argument(self, name: str, place: int) -> tuple[str, int]:
        """Return what is in braces, and where that ends. Raises UsageError if that is nothing, or not closed."""
        place = _skip_space(self._text, place)
        if self._text[place : place + 1] != "{":
            after = " and the file after it" if name == "qanatfigure" else ""
            raise UsageError(f"\\{name} has no reference in braces{after}", hint="for example: \\qanat{4:acc}")
        end = _balanced(self._text, place)
        if not end:
            raise UsageError(f"\\{name}{{ is not closed", hint="write } after the reference")
        return self._text[place + 1 : end - 1], end

    def _reference(self, kind: Kind, start: int, typed: str, argument: str, file: str) -> Reference:
        """Return the reference that a command makes. Raises UsageError."""
        for text in (argument,) if kind is Kind.FIGURE else (typed, argument):
            _check_plain(text)
        spelled = _unescaped(_SPACE.sub(" ", argument))
        options = {} if kind is Kind.FIGURE else options_in(typed)
        reference_options.check(kind, options)
        if "where" in options or "pinned" in options:
            raise UsageError("where= and pinned= are not for LaTeX", hint="the condition is in braces")
        is_table = kind in (Kind.RUNS, Kind.COMPARE)
        meant = reference.rows(spelled) if is_table else reference.target(spelled)
        line, column = self._lines.at(start)
        key = key_of(kind, typed, argument)
        return Reference(kind, meant, options, spelled.strip(), key, line, column, start, start, file=file.strip())

    def _break(self, place: int, problem: str, hint: str = "") -> None:
        self._scanned.broken.append(Broken(*self._lines.at(place), problem, hint))


def key_of(kind: Kind, typed: str, argument: str) -> str:
    """Return the name of a value in the file of values, which TeX makes of the same command in the same way.

    The options of a figure say how it is drawn, so they do not count.
    """
    options = f"[{_SPACE.sub(' ', typed)}]" if typed and kind is not Kind.FIGURE else ""
    return f"{_PREFIXES[kind]}{options}{_SPACE.sub(' ', argument)}"


def options_in(typed: str) -> dict[str, str]:
    """Return options such as `digits=3, percent, columns={lr,acc}`. Raises UsageError if they cannot be read."""
    found: dict[str, str] = {}
    parts, depth, before = [], 0, 0
    for place, character in enumerate(typed):
        depth += (character == "{") - (character == "}")
        if character == "," and depth <= 0:
            parts.append(typed[before:place])
            before = place + 1
    for part in (*parts, typed[before:]):
        name, _, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if value.startswith("{") and value.endswith("}"):
            value = value[1:-1]
        if name in found:
            raise UsageError(f"option {quoted(name)} is there twice")
        if name or value:
            found[name] = _unescaped(value)
    return found


def _check_plain(text: str) -> None:
    """Raise UsageError for what TeX would expand or leave out, since the reference is read as it is typed."""
    if len(text) > LENGTH_MAX:
        raise UsageError(f"a reference has more than {LENGTH_MAX:,} characters")
    rest = _ESCAPED.sub("", text)
    if "#" in rest:
        raise UsageError(f"{quoted(text.strip())} has a parameter of a macro", hint="write out each reference")
    if "\\" in rest:
        raise UsageError(f"{quoted(text.strip())} has a command in it", hint="no macro is expanded: write it out")
    if "%" in rest:
        raise UsageError(f"{quoted(text.strip())} has a comment in it", hint="write \\% for a percent sign")
    if "\n\n" in text.replace("\r", "").replace(" ", ""):
        raise UsageError("a reference has a blank line in it", hint="is a } missing?")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _skip_space(text: str, place: int) -> int:
    """Return the place of what follows, in the same paragraph; TeX looks no further for an argument."""
    found = _SPACE.match(text, place)
    return found.end() if found and found[0].count("\n") < 2 else place


def _balanced(text: str, place: int, most: int = 2 * LENGTH_MAX) -> int:
    """Return the place after the brace that closes the one at a place; 0 if there is none that is near."""
    depth, end = 0, place
    stop = min(len(text), place + most)
    while end < stop:
        character = text[end]
        if character == "\\":
            end += 1
        depth += (character == "{") - (character == "}")
        end += 1
        if not depth:
            return end
    return 0


# ---- the file of values


@dataclass(frozen=True, slots=True)
class Written:
    """A value in the file of values, and what it is from."""

    pin: str
    text: str


def values_text(values: Mapping[str, Written]) -> str:
    """Return the file of values."""
    lines = (f"\\{_DEFINING}{{{key}}}{{{one.pin}}}{{{one.text}}}\n" for key, one in sorted(values.items()))
    return f"{_HEAD}{''.join(lines)}"


def read_values(text: str) -> dict[str, Written]:
    """Return what a file of values has; what cannot be read, as after a conflict, is left out."""
    found: dict[str, Written] = {}
    place = text.find(f"\\{_DEFINING}{{")
    while place >= 0:
        end = place + len(_DEFINING) + 1
        parts = []
        for most in (4 * LENGTH_MAX, 4 * LENGTH_MAX, len(text)):
            after = _balanced(text, end, most) if text[end : end + 1] == "{" else 0
            if not after:
                return found
            parts.append(text[end + 1 : after - 1])
            end = after
        found[parts[0]] = Written(parts[1], parts[2])
        place = text.find(f"\\{_DEFINING}{{", end)
    return found
