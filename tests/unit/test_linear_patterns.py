"""Every regular expression of qanat takes time in proportion to the text, whatever the text.

The expressions are found in the code: those with a name, those that are written where they are used, and the patterns
of the schemas. Each is tried, in the ways in which it is used, on long texts made from its own characters.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"qanat": ROOT / "qanat", "qanat_hooks": ROOT / "hooks/qanat_hooks"}
WAYS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")
SIZES = (2**8, 2**11, 2**14, 2**16)
LONGEST = 2**20
# Tests that run beside each other.
PARTS = 4
# What any step may take: much more than a linear one needs, and much less than a quadratic one.
START_S, PER_CHARACTER_S, STOP_S = 0.06, 3e-6, 4.0


@dataclass(frozen=True, slots=True)
class Used:
    """A regular expression, and how it is used."""

    where: str
    pattern: re.Pattern[Any]
    way: str

    def call(self, text: str) -> None:
        given: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        tried = getattr(self.pattern, self.way)
        if self.way == "sub":
            tried(given[:0], given)
        elif self.way == "finditer":
            for _ in tried(given):
                pass
        else:
            tried(given)


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *(p for p in parts if p != "__init__"))), path


@cache
def found() -> list[Used]:
    """List the regular expressions of all modules and schemas."""
    trees = {name: ast.parse(path.read_text()) for name, path in modules()}
    calls = {name: set(_calls(tree)) for name, tree in trees.items()}
    calls[""] = set().union(*calls.values())
    used = [used for name, tree in trees.items() for used in (*_named(name, tree, calls), *_written(name, tree))]
    for path in sorted((ROOT / "schemas").glob("*.json")):
        used += [Used(path.name, re.compile(text), "search") for text in _in_schema(json.loads(path.read_text()))]
    return list({(u.pattern.pattern, u.pattern.flags, u.way): u for u in used}.values())


def _calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the ways in which names are used as expressions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in WAYS:
            yield node.value.id, node.attr


def _named(module: str, tree: ast.Module, calls: dict[str, set[tuple[str, str]]]) -> Iterator[Used]:
    """Yield the expressions that a module gives names, also within tuples and dictionaries."""
    if not _imports_re(tree):
        return
    for name, value in vars(importlib.import_module(module)).items():
        seen = calls[module if name.startswith("_") else ""]
        ways = {way for way in WAYS if (name, way) in seen}
        for pattern in _patterns_in(value):
            yield from (Used(f"{module}.{name}", pattern, way) for way in sorted(ways) or ("search", "fullmatch"))


def _imports_re(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Import) and any(a.name == "re" for a in node.names) for node in ast.walk(tree))


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _patterns_in(tuple(value.values()))
    elif isinstance(value, list | tuple | frozenset | set):
        for item in value:
            yield from _patterns_in(item)
    else:
        for field in getattr(value, "__dataclass_fields__", ()) if not isinstance(value, type) else ():
            yield from _patterns_in(getattr(value, field))


def _written(module: str, tree: ast.Module) -> Iterator[Used]:
    """Yield the expressions in calls such as re.sub(r"…", …) and re.compile(r"…") within functions."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        of, way = node.func.value, node.func.attr
        if not (isinstance(of, ast.Name) and of.id == "re" and node.args) or way not in (*WAYS, "compile"):
            continue
        text = _constant(node.args[0])
        if text is None:
            continue
        flags = re.MULTILINE if any("re.M" in ast.unparse(a) for a in node.args[1:]) else 0
        for how in (way,) if way != "compile" else ():
            yield Used(f"{module}:{node.lineno}", re.compile(text, flags), how)


def _constant(node: ast.expr) -> str | bytes | None:
    """Return the text of a literal; what is inserted into an f-string stands for any name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "name" for part in node.values)
    return None


def _in_schema(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        if isinstance(pattern := content.get("pattern"), str):
            yield pattern
        for text, value in (content.get("patternProperties") or {}).items():
            yield text
            yield from _in_schema(value)
        for value in content.values():
            yield from _in_schema(value)
    elif isinstance(content, list):
        for value in content:
            yield from _in_schema(value)


@cache
def pieces(pattern: str) -> tuple[str, ...]:
    """Return short texts of which the worst texts for a pattern are made: its characters, and pairs of them."""
    literal = re.sub(r"\\[dDwWsSbBAZ]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\(\?[P<:=!\w]*>?", "", pattern)
    own = list(dict.fromkeys(c for c in literal if c not in "()[]{}|?*^$\\"))
    marks = [c for c in own if not c.isalnum()][:6]
    letters = [c for c in own if c.isalnum()][:2]
    ones = list(dict.fromkeys((*marks, *letters, "a", "A", "1", " ", "-", "\n", "é", "\\", '"')))
    texts = [word for word in re.findall(r"[A-Za-z_-]{2,}", literal)[:4]]
    pairs = ["".join(pair) for pair in product(ones[:5], ("a", "1", " ", "=")) if len(set(pair)) > 1]
    return tuple(dict.fromkeys((*ones, *pairs, *texts)))


def slow(used: Used) -> str:
    """Return the text for which an expression takes too long, and how long; empty if there is none.

    Every text is tried in short, and the one that took longest in full.
    """
    pattern = used.pattern.pattern
    texts = pieces(pattern if isinstance(pattern, str) else pattern.decode("latin-1"))
    took: dict[tuple[str, str, str], float] = {}
    for text in [(start, piece, end) for piece in texts for start, end in (("", "\x00"), ("a", "!\n"))]:
        for size in SIZES:
            took[text] = _took(used, text, size)
            if took[text] > START_S + PER_CHARACTER_S * size:
                return f"{used.where}: {used.way} of {pattern!r} takes {took[text]:.2f} s for {size} of {text}"
    longest = max(took, key=lambda text: took[text])
    in_full_s = _took(used, longest, LONGEST)
    limit_s = START_S + PER_CHARACTER_S * LONGEST
    return f"{used.where}: {in_full_s:.2f} s for {LONGEST} of {longest}" if in_full_s > limit_s else ""


def _took(used: Used, parts: tuple[str, str, str], size: int) -> float:
    start, piece, end = parts
    text = start + piece * (size // len(piece)) + end
    return _seconds(lambda: used.call(text))


def _seconds(call: Callable[[], None]) -> float:
    """Return the time that a call takes; that which it had if it does not end."""
    begun = time.process_time()
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, STOP_S)
    try:
        call()
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - begun


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_expressions_take_time_in_proportion(part: int) -> None:
    assert [text for used in found()[part::PARTS] if (text := slow(used))] == []


@pytest.mark.slow
def test_expressions_are_found_wherever_they_are() -> None:
    where = {used.where.partition(":")[0] for used in found()}
    assert {"qanat.domain.names._NAME", "qanat.records.yaml_scalars._FLOAT", "run.v2.schema.json"} <= where
    assert any(used.where.startswith("qanat.domain.secret") for used in found())
    assert len(found()) > 60


@pytest.mark.slow
@pytest.mark.parametrize("text", [r"(a|aa)+\Z", r"a*b", r"\s+$", r"[\w.-]+=x", r"[a-z]+-*="])
def test_a_slow_expression_is_noticed(text: str) -> None:
    assert slow(Used("here", re.compile(text), "search"))
