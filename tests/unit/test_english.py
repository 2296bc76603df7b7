"""The project's English: phrases that a native writer would not use stay out of sources, help, pages and schemas.

Each row of PHRASES is a pattern, what to write instead, and where it applies.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qanat.cli.program import qanat
from tests.support.commands import contexts
from tests.unit.test_import_directions import MODULES, Module

# Those who read all sources share what is read.
pytestmark = pytest.mark.xdist_group("source")
ROOT = Path(__file__).parents[2]
DOCSTRING, STRING, COMMENT, HELP, PAGE, SCHEMA = "docstring", "string", "comment", "help", "page", "schema"
CODE = (DOCSTRING, STRING, COMMENT)
ANYWHERE = (*CODE, HELP, PAGE, SCHEMA)


@dataclass(frozen=True)
class Phrase:
    """A pattern, what to write instead, and the kinds of text that it is forbidden in."""

    pattern: str
    instead: str
    where: tuple[str, ...] = ANYWHERE

    def found_in(self, text: str) -> str:
        """Return the first place in a text, or an empty string."""
        found = re.search(self.pattern, text)
        return found[0] if found else ""


VERB = Phrase(r"^(Give|Say|Tell)s?\b", "Return, List, Read, Write, Print, …", (DOCSTRING, HELP))
WORD = Phrase(r"(?<!other )\b[Ww]ords?\b", "arguments; text")
PHRASES = (
    VERB,
    Phrase(r"\b[Tt]ells? (whether|if|what is wrong)\b", "Return whether, Check whether"),
    Phrase(r"\b([Gg]o|[Gg]oes|[Gg]oing|[Ww]ent) on\b(?! to\b)", "active, running, continue"),
    Phrase(r"\b[Aa]new\b", "again"),
    Phrase(r"\b[Ff]irst qanat\b", "qanat 0.x"),
    Phrase(r"\b[Aa]ll the same\b", "still, anyway"),
    Phrase(r"(?<!for a )\b[Mm]oments?\b", "timestamp, time"),
    WORD,
    Phrase(r"\b(goes|go|stays|stay):", "will be deleted, will be kept"),
    Phrase(r"\bany ?more\b", "no longer"),
    Phrase(r"(?<![Tt]here )\b(is|are|was|were|be) no (?!(longer|more|less|later|news|proof|reason)\b)\w+", "is not a"),
    Phrase(r"\b(is|are) there already\b", "already exists"),
    Phrase(r"\b(is|are|was|were) not there\b", "does not exist, is missing"),
    Phrase(r"\bended already\b", "has already ended"),
    Phrase(r"\b[Ww]ork trees?\b", "working tree; worktree for a linked one"),
    Phrase(r"\b(bring|brings|brought) along\b", "import"),
    Phrase(r"\bof (qanat|git|HTCondor|Slurm)'s\b", "of qanat; a qanat option"),
    Phrase(r"\b[Ww]hoever\b", "the user, anyone who"),
    Phrase(r"\buntil now\b", "so far"),
    Phrase(r"\bsome day\b", "eventually"),
    Phrase(r"\b[Mm]akes? (it )?a project\b", "create a project", (STRING, HELP, PAGE)),
)
# These tell secrets from words of a language.
ABOUT_WORDS = ("qanat/domain/randomness.py", "qanat/domain/secret")
# Data, not prose: what the ids of imported runs are computed from, and arguments that tests pass.
DATA = ("first qanat\0", "two words")
_STRING_OR_COMMENT = re.compile(r"""(\"{3}|'{3}|"|')(?:\\.|(?!\1).)*\1|\#[^\n]*""", re.DOTALL)
_PARSED = {module.path: module for module in MODULES}
# A newer version replaces it, and what is replaced is never edited.
FROZEN = ("schemas/run.v1.schema.json",)


def _fragments(module: Module) -> Iterator[tuple[str, int, str]]:
    """Return the prose of a source file: its kind, its line, and its text."""
    # Strings that stand alone are docstrings, and those below an attribute.
    docstrings = {id(node.value) for node in module.nodes if isinstance(node, ast.Expr)}
    for node in module.nodes:
        text = _text(node)
        if text and id(node) in docstrings:
            yield DOCSTRING, node.lineno, text  # type: ignore[attr-defined]
        elif " " in text and not text.startswith(DATA):  # a single word is a name
            yield STRING, node.lineno, text  # type: ignore[attr-defined]
    source = module.path.read_text()
    for found in _STRING_OR_COMMENT.finditer(source) if "#" in source else ():
        if not found[1]:
            yield COMMENT, source.count("\n", 0, found.start()) + 1, found[0].lstrip("# ")


def _text(node: ast.AST) -> str:
    match node:
        case ast.JoinedStr():
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        case ast.Constant(value=str()):
            return node.value
        case _:
            return ""


def _offences(kind: str, place: str, text: str) -> list[str]:
    prose = " ".join(text.split())
    phrases = [phrase for phrase in PHRASES if phrase is not WORD or not place.startswith(ABOUT_WORDS)]
    found = [(phrase, phrase.found_in(prose)) for phrase in phrases if kind in phrase.where]
    return [f"{place}: {part!r}; write: {phrase.instead}" for phrase, part in found if part]


def _offences_of(path: Path) -> list[str]:
    """List the offences in a source file, a page or a schema."""
    name = path.relative_to(ROOT)
    match path.suffix:
        case ".py":
            module = _PARSED.get(path) or Module(str(name), path)
            found = [_offences(kind, f"{name}:{line}", text) for kind, line, text in _fragments(module)]
        case ".md":
            lines = path.read_text().splitlines()
            found = [_offences(PAGE, f"{name}:{number}", line) for number, line in enumerate(lines, 1)]
        case _:
            found = [_offences(SCHEMA, str(name), text) for text in _descriptions(json.loads(path.read_text()))]
    return list(dict.fromkeys(offence for offences in found for offence in offences))


def _descriptions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key in ("description", "title") and isinstance(value, str))
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _descriptions(inner)


FILES = sorted(
    file
    for pattern in ("qanat/**/*.py", "hooks/**/*.py", "docs/*.md", "*.md", "schemas/*.json")
    for file in ROOT.glob(pattern)
    if file.relative_to(ROOT).as_posix() not in FROZEN
)


@pytest.mark.parametrize("part", ["qanat/cli", "qanat/usecases", "qanat", "hooks", "docs", "schemas", "."])
def test_files_are_in_plain_english(part: str) -> None:
    files = [path for path in FILES if _part(path) == part]
    assert files
    assert [offence for path in files for offence in _offences_of(path)] == []


def test_docstrings_of_tests_begin_with_the_usual_verb_too() -> None:
    begins = {
        path: re.findall(r'^ *r?"""(\w.*)', path.read_text(), re.MULTILINE) for path in ROOT.glob("tests/**/*.py")
    }
    assert sum(map(len, begins.values())) > 1_000
    assert [f"{path}: {text}" for path, texts in begins.items() for text in texts if VERB.found_in(text)] == []


def _part(path: Path) -> str:
    """Return the part of the project that a file belongs to."""
    name = path.relative_to(ROOT)
    inner = name.parts[1] if name.parts[0] == "qanat" else ""
    return f"qanat/{inner}" if inner in ("cli", "usecases") else "." if len(name.parts) == 1 else name.parts[0]


def test_help_is_in_plain_english() -> None:
    found = []
    for command, context in contexts(qanat).items():
        for text in (*context.command.get_help(context).split("\n\n"), context.command.help or ""):
            found += _offences(HELP, command, text)
    assert found == []


@pytest.mark.parametrize(
    ("kind", "text", "offending"),
    [
        (DOCSTRING, "Give the runs.", True),
        (DOCSTRING, "Says which runs wait.", True),
        (HELP, "Tell git how to merge.", True),
        (DOCSTRING, "Telling git how to merge.", False),
        (COMMENT, "Give the runs.", False),
        (DOCSTRING, "Return the runs that are\n    going on.", True),
        (STRING, "no keywords or passwords; in other words, none", False),
        (STRING, "run {} is there already", True),
        (COMMENT, "a pipe is no file", True),
        (COMMENT, "there is no file; a pipe is no longer one", False),
        (PAGE, "wait for a moment", False),
        (PAGE, "the moment of its end", True),
    ],
)
def test_a_phrase_is_found_where_it_is_forbidden(kind: str, text: str, *, offending: bool) -> None:
    assert bool(_offences(kind, "here", text)) is offending
