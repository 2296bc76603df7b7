r"""Conditions on runs and groups, as people type them: `lr<0.01 and metric.acc>0.9 or tag=paper`.

    condition  = all ("or" all)*
    all        = one ("and" one)*
    one        = "not" one | "(" condition ")" | comparison | present | "fresh" | text
    comparison = name ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~") value
    present    = an option, such as `--fast`, `metric.NAME` or `parameter.NAME`

`==` is `=`. A name or value with a space or another special character is in quotes, in which `\` comes before a quote
or another `\`. A value without quotes ends at `and`, `or` or `)`, and begins with `<`, `>` or `=` only after `~` and
`!~`. `fresh` is met by runs that are as they would be run now. Any other text is searched for in descriptions and tags.
`tag:paper`, `text:figure`, `after:2026-11` and their like are an older spelling of comparisons. Parsing takes time in
proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from qanat.domain.parameters import is_option
from qanat.domain.shortening import shortened
from qanat.errors import UsageError

EXAMPLE = "for example: lr<0.01 and metric.acc>0.9 or tag=paper"
DEPTH_MAX = 100
QUOTED_MAX = 40
METRIC, PARAMETER = "metric.", "parameter."
FRESH = "fresh"
# The older spellings, each with the name and the operator that it stands for.
_OLDER = {
    **{name: (name, "=") for name in ("tag", "state", "runner", "commit", "experiment")},
    "after": ("date", ">="),
    "before": ("date", "<"),
    "text": ("text", "="),
}
_OLDER_NAME = re.compile(rf"({'|'.join(_OLDER)}):")
_KEYWORD = re.compile(r"(and|or|not)(?=[\s()]|\Z)", re.IGNORECASE)
_NAME = re.compile(r"[^\s()<>=!~\"']+")
_OPERATOR = re.compile(r"<=|>=|!=|!~|==|=|<|>|~")
_SPACE = re.compile(r"\s*")
_PLAIN = re.compile(r"[\w.+/@*?%,#-]+")
_ESCAPED = re.compile(r"\\([\\\"'])")


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison of what a name stands for; `place` is where the name begins in what was typed."""

    name: str
    operator: str
    value: str
    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Present:
    """An option, `metric.NAME` or `parameter.NAME`, that a group must have."""

    name: str
    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A text that the description or a tag must contain."""

    text: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """The run must have executed what would be executed now."""

    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must not be met."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions that must all be met; every run meets none of them."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one must be met."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = Compared | Present | Said | Fresh | Not | AllOf | AnyOf
EVERY = AllOf(())


def parse(text: str) -> Condition:
    """Parse a condition; an empty text is met by every run. Raises UsageError that names the place of the mistake."""
    return _Parser(text).condition()


def parse_all(texts: Sequence[str]) -> Condition:
    """Parse conditions, all of which are to be met, as one. Raises UsageError as parse() does."""
    return all_of([parse(text) for text in texts])


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that all of these are met."""
    parts = tuple(condition for condition in conditions if condition != EVERY)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def invalid(problem: str, place: int, hint: str = EXAMPLE) -> UsageError:
    """Return an error about what begins at a place of a condition."""
    return UsageError(f"{problem} (character {place + 1} of the condition)", hint=hint)


def written(condition: Condition) -> str:
    """Return a condition as text, which parse() reads as the same condition."""
    match condition:
        case Compared(name, operator, value):
            return f"{_name_text(name)}{operator}{quoted_if_needed(value)}"
        case Present(name):
            return name if name.startswith("-") else _name_text(name)
        case Said(text):
            return quoted(text)
        case Fresh():
            return FRESH
        case Not(inner):
            return f"not {_in_parentheses(inner)}"
        case AllOf(parts):
            return " and ".join(map(_in_parentheses, parts))
        case AnyOf(parts):
            return " or ".join(map(_in_parentheses, parts))


def _in_parentheses(condition: Condition) -> str:
    text = written(condition)
    return f"({text})" if isinstance(condition, AllOf | AnyOf) else text


def _name_text(name: str) -> str:
    before = next((prefix for prefix in (METRIC, PARAMETER) if name.startswith(prefix)), "")
    return before + quoted_if_needed(name.removeprefix(before))


def quoted_if_needed(text: str) -> str:
    """Return text as a name or a value."""
    return text if _PLAIN.fullmatch(text) and not _KEYWORD.match(text) else quoted(text)


def quoted(text: str) -> str:
    """Return text in quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class _Parser:
    """A recursive descent over one text."""

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0

    def condition(self) -> Condition:
        self._skip_space()
        if self._at_end():
            return EVERY
        found = self._any(0)
        if self._next() == ")":
            self._fail("')' closes nothing")
        if not self._at_end():
            self._fail_between()
        return found

    def _any(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._take_keyword("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._take_keyword("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Condition:
        self._skip_space()
        if depth > DEPTH_MAX:
            self._fail("the condition is nested too deeply")
        if self._take_keyword("not"):
            return Not(self._one(depth + 1))
        if self._next() == "(":
            return self._inner(depth + 1)
        if self._at_end_of_value():
            self._fail("a condition is missing")
        return self._term()

    def _inner(self, depth: int) -> Condition:
        opened = self._place
        self._place += 1
        found = self._any(depth)
        if self._at_end():
            raise invalid("'(' is not closed", opened)
        if self._next() != ")":
            self._fail_between()
        self._place += 1
        self._skip_space()
        return found

    # ---- what is not made of other conditions

    def _term(self) -> Condition:
        place = self._place
        if older := _OLDER_NAME.match(self._text, place):
            self._place = older.end()
            name, operator = _OLDER[older[1]]
            value = self._value()
            return Said(value) if name == "text" else Compared(name, operator, value, place)
        name, is_quoted = self._name()
        self._skip_space()
        if operator_there := _OPERATOR.match(self._text, self._place):
            return self._comparison(name, operator_there, place)
        if is_quoted:
            return Said(name)
        if name.startswith((METRIC, PARAMETER)):
            return Present(name, place)
        self._place = place
        if is_option(name):
            return Present(self._one_text(), place)
        text = self._texts()
        return Fresh(place) if text == FRESH else Said(text)

    def _comparison(self, name: str, operator: re.Match[str], place: int) -> Condition:
        if not name:
            self._fail(f"a name is missing before {operator[0]!r}")
        self._place = operator.end()
        self._skip_space()
        if "~" not in operator[0] and (begin := self._next()) and begin in "<>=":
            problem = f"a value is missing after {operator[0]!r}; one that begins with {begin!r} needs quotes"
            raise invalid(problem, operator.start())
        value = self._value()
        if not value and operator[0] not in ("=", "==", "!=") and self._text[self._place - 1] not in "\"'":
            raise invalid(f"a value is missing after {operator[0]!r}", operator.start())
        return Compared(name, "=" if operator[0] == "==" else operator[0], value, place)

    def _name(self) -> tuple[str, bool]:
        """Read a name, and return whether all of it was in quotes; the name is empty if there is none."""
        if self._next() in ("'", '"'):
            return self._string(), True
        found = _NAME.match(self._text, self._place)
        if not found:
            return "", False
        self._place = found.end()
        name = found[0]
        if name in (METRIC, PARAMETER) and self._next() in ("'", '"'):
            name += self._string()
        return name, False

    def _value(self) -> str:
        self._skip_space()
        if self._at_end_of_value():
            return ""
        if self._next() in ("'", '"'):
            return self._string()
        return self._texts()

    def _string(self) -> str:
        """Read what is in quotes."""
        quote, opened = self._next(), self._place
        place = opened + 1
        while (character := self._text[place : place + 1]) != quote:
            if not character:
                raise invalid("the quote is not closed", opened)
            place += 2 if character == "\\" else 1
        self._place = place + 1
        return _ESCAPED.sub(r"\1", self._text[opened + 1 : place])

    def _texts(self) -> str:
        """Read a value or a text without quotes, which may contain spaces."""
        first = self._place
        self._one_text()
        end = self._place
        self._skip_space()
        while not self._at_end_of_value():
            if self._begins_term():
                self._fail_between()
            self._one_text()
            end = self._place
            self._skip_space()
        return self._text[first:end]

    def _one_text(self) -> str:
        """Read up to the next space, or the end of the parentheses around it."""
        first, depth = self._place, 0
        while (character := self._next()) and not character.isspace():
            depth += (character == "(") - (character == ")")
            if depth < 0:
                break
            self._place += 1
        return self._text[first : self._place]

    def _begins_term(self) -> bool:
        """Return whether a comparison, parentheses or an older spelling begin here."""
        if self._next() == "(" or _OLDER_NAME.match(self._text, self._place):
            return True
        name = _NAME.match(self._text, self._place)
        after = _SPACE.match(self._text, name.end() if name else self._place)
        return bool(after and _OPERATOR.match(self._text, after.end()))

    # ---- what comes next

    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _at_end(self) -> bool:
        return self._place >= len(self._text)

    def _skip_space(self) -> None:
        if found := _SPACE.match(self._text, self._place):
            self._place = found.end()

    def _at_end_of_value(self) -> bool:
        found = _KEYWORD.match(self._text, self._place)
        return self._at_end() or self._next() == ")" or (found is not None and found[1].lower() != "not")

    def _take_keyword(self, keyword: str) -> bool:
        self._skip_space()
        found = _KEYWORD.match(self._text, self._place)
        if not found or found[1].lower() != keyword:
            return False
        self._place = found.end()
        return True

    def _fail_between(self) -> NoReturn:
        rest = shortened(self._text[self._place : self._place + QUOTED_MAX + 1], QUOTED_MAX)
        self._fail(f"'and' or 'or' is missing before {rest!r}")

    def _fail(self, problem: str) -> NoReturn:
        raise invalid(problem, self._place)
