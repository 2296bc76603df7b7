"""Texts in a submit description."""

from __future__ import annotations

from collections.abc import Iterable


def arguments(texts: Iterable[str]) -> str:
    """Quote arguments in HTCondor's new syntax: all in double quotes, each in single quotes, quotes doubled inside."""
    quoted = " ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return '"' + literal(quoted.replace('"', '""')) + '"'


def literal(value: str) -> str:
    """Return a value escaped so that its `$(…)` is not taken for a macro."""
    return value.replace("$", "$(DOLLAR)")


def string(value: str) -> str:
    """Return a text as a string of an expression."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
