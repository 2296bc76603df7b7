"""Saved views of the page of runs: what the part of its address after `#` says, as a mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from qanat.domain.condition import METRIC, PARAMETER, parse
from qanat.domain.key_path import KeyPath
from qanat.domain.names import nearest
from qanat.domain.parameters import is_option
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

TABS = ("table", "compare", "scatter", "parallel", "curves", "figures")
TEXTS = ("tab", "sort", "open", "x", "y", "colour", "metric", "over", "shade", "figure", "zoom")
LISTS = ("where", "by", "expanded", "columns", "selected")
FLAGS = ("groups", "all", "logx", "logy", "lines", "logc")
NUMBERS = ("smooth",)
COLUMNS = ("sort", "x", "y", "colour", "shade", "columns", "by")
# Of tabs, what the page chooses if the view does not.
AXES = {"scatter": ("x", "y"), "parallel": ("shade",), "curves": ("metric",)}
KEYS = (*TEXTS, *LISTS, *FLAGS, *NUMBERS)
# What is about the file, and not about the page.
ABOUT = ("schema", "name", "description")
PARTS_MAX = 1_000
_FLAGS = {"yes": True, "no": False}
_HOW = 'copy it in the page of qanat report or qanat ui, with "Copy link" or "Save view"'


def address_of(content: Mapping[str, Any]) -> str:
    """Return the part of an address that shows a view, with `#` before it."""
    said = [(key, text) for key, value in content.items() if key in KEYS for text in _texts(value)]
    return f"#{urlencode(said)}"


def from_address(address: str) -> dict[str, Any]:
    """Return what an address, or the part after `#`, shows. Raises UsageError for what no view has."""
    before, mark, after = address.strip().partition("#")
    if not mark and "://" in before:
        raise UsageError("the address shows no view, since nothing follows a #", hint=_HOW)
    said = _parts(after if mark else before)
    if unknown := [name for name in said if name not in KEYS]:
        raise UsageError(f"views have no key {quoted(unknown[0])}", hint=f"keys of views: {', '.join(KEYS)}")
    return {key: value for key in said if (value := _value(key, said[key])) is not None}


def _parts(text: str) -> dict[str, list[str]]:
    if text.count("&") >= PARTS_MAX:
        raise UsageError(f"the address is too long: views have at most {PARTS_MAX:,} parts", hint=_HOW)
    try:
        return parse_qs(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise UsageError(f"the address is not UTF-8: {quoted(text)}", hint=_HOW) from None


def problems(content: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
    """List what a view names that no page has: another tab, and conditions and columns that are not understood."""
    found: list[tuple[KeyPath, str]] = []
    if (tab := content.get("tab", TABS[0])) not in TABS:
        close = nearest(tab, TABS, 1)
        ending = f"did you mean {close[0]}?" if close else f"tabs: {', '.join(TABS)}"
        found.append((("tab",), f"{quoted(tab)} is not a tab; {ending}"))
    for place, text in enumerate(content.get("where", ())):
        try:
            parse(text)
        except UsageError as error:
            found.append((("where", place), error.message))
    for key in COLUMNS:
        value = content.get(key, "")
        named = {(key, place): text for place, text in enumerate(value)} if isinstance(value, list) else {(key,): value}
        found += [(path, problem) for path, text in named.items() if (problem := _column_problem(key, text))]
    return found


def _column_problem(key: str, text: str) -> str:
    """Return why a text names no column, whatever a report has; empty if it may name one."""
    name = text.removeprefix("-") if key == "sort" else text
    if text and not name.removeprefix(METRIC).removeprefix(PARAMETER).strip():
        return f"the name of a column is missing in {quoted(text)}"
    if name.startswith("-") and not is_option(name):
        return f"{quoted(text)} is not the name of a column"
    if key == "by" and name.startswith(METRIC):
        return f"groups are pooled by parameters, and {quoted(text)} is a metric"
    return ""


def unnamed(content: Mapping[str, Any]) -> list[str]:
    """List the axes that a view leaves to the page, which takes those that fit the runs of a report."""
    return [key for key in AXES.get(content.get("tab", ""), ()) if not content.get(key)]


def _texts(value: Any) -> list[str]:
    """Return a value as an address has it; a list without entries is one empty text."""
    if isinstance(value, list):
        return value or [""]
    return [("yes" if value else "no") if isinstance(value, bool) else str(value)]


def _value(key: str, texts: list[str]) -> Any:
    """Return a value from an address; None for one that says nothing."""
    (text, *_) = texts
    if key in LISTS:
        return [each for each in texts if each]
    if key in TEXTS or not text:
        return text if text or key == "sort" else None
    if key in FLAGS and text in _FLAGS:
        return _FLAGS[text]
    if key in NUMBERS and re.fullmatch("[0-9]{1,4}", text):
        return int(text)
    wanted = "yes or no" if key in FLAGS else "a whole number"
    raise UsageError(f"{key} of a view is {wanted}, not {quoted(text)}", hint=_HOW)
