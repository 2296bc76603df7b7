"""Commands of qanat in its own messages: found in the source, and compared with the commands that exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from qanat.cli.terminal.arguments import options_of

VALUE = "\0"
"""Stands for what a message is filled with."""
_KINDS = ("experiment", "dataset", "template")
_START = re.compile(r"\bqanat (?=[a-z\0-])")
_END = re.compile(r"[;,:`)\n]|(?<!\.)\.(?=\s|$)|'(?=\s|$)|>| \\(?=\n)| or (?=qanat )| and (?=qanat )")
# What comes before a command that is to be typed: nothing, a colon or a backtick; others are only named.
_TYPED = re.compile(r"(?:^|: |`)\Z")
_METAVAR = re.compile(r"[A-Z][A-Z.]+")


@dataclass(frozen=True, slots=True)
class Hint:
    """A command line in a message: its place, the arguments after `qanat`, and whether it is a line of its own."""

    place: str
    words: tuple[str, ...]
    is_typed: bool
    is_line: bool

    def __str__(self) -> str:
        return f"{self.place}: qanat {' '.join(self.words).replace(VALUE, '{}')}"


def hints_in(nodes: Sequence[ast.AST], name: str) -> Iterator[Hint]:
    """List the command lines in the messages of a module, given by all that is in it; its docstrings have none."""
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    apart = docs | parts
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in apart:
            for text in _texts(node):
                for match in _START.finditer(text):
                    yield _hint(text, match, f"{name}:{node.lineno}")


def _hint(text: str, match: re.Match[str], place: str) -> Hint:
    rest = text[match.end() :]
    end = _END.search(rest)
    line = text[: match.start()].rpartition("\n")[2]
    is_line = line == "  " and (end is None or rest[end.start()] in "\n> ")
    before = bool(_TYPED.search(text[: match.start()]))
    command = rest[: end.start()] if end else rest
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation mark of the sentence
        words = command.split()
    return Hint(place, tuple(words), before, is_line)


def _texts(node: ast.Constant | ast.JoinedStr) -> list[str]:
    """Return a message with VALUE for what it is filled with, and with each kind of definition for `{kind}`."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    texts = [""]
    for part in node.values:
        if isinstance(part, ast.Constant):
            texts = [text + str(part.value) for text in texts]
        elif isinstance(part, ast.FormattedValue):
            filled = _KINDS if ast.unparse(part.value) == "kind" else (VALUE,)
            texts = [text + value for text in texts for value in filled]
    return texts


def problem_of(hint: Hint, known: Mapping[str, click.Context]) -> str:
    """Return why a command line of a message cannot be typed, or an empty text; `known` are all commands by path."""
    path, rest = "qanat", list(hint.words)
    while rest and f"{path} {rest[0].rstrip(VALUE)}" in known:  # options may be filled in behind it
        path = f"{path} {rest.pop(0).rstrip(VALUE)}"
    command = known[path].command
    if path == "qanat":
        return ""
    if isinstance(command, click.Group):
        return f"{path} needs a command" if (hint.is_typed or hint.is_line) and rest[:1] != [VALUE] else ""
    options = options_of(command)
    choices = {choice for p in command.params if isinstance(p.type, click.Choice) for choice in p.type.choices}
    given: list[str] = []
    while rest and rest[0] != "--" and (rest[0] in choices or _is_part(rest[0], hint)):
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            given.append(word)
        elif not hasattr(command, "names") and word not in options:
            return f"{path} has no option {word}"
        elif options.get(word) and not rest:
            return f"{path} {word} needs a value"
        elif options.get(word):
            rest.pop(0)
    return _arguments_problem(known[path], given, hint)


def _is_part(word: str, hint: Hint) -> bool:
    """Return whether an argument is part of the command; it may be prose in the middle of a sentence."""
    return hint.is_line or word.startswith("-") or VALUE in word or bool(_METAVAR.fullmatch(word)) or word.isdecimal()


def _arguments_problem(context: click.Context, given: list[str], hint: Hint) -> str:
    arguments = [p for p in context.command.params if isinstance(p, click.Argument)]
    metavars = " ".join(argument.make_metavar(context) for argument in arguments).replace("[", " ").replace("]", " ")
    unknown = [
        w for w in given if _METAVAR.fullmatch(w) and w not in (*metavars.split(), *metavars.split("..."), "ARGS...")
    ]
    if unknown:
        return f"{context.command_path} has no argument {unknown[0]}"
    missing = [argument.make_metavar(context) for argument in arguments if argument.required][len(given) :]
    is_whole = hint.is_typed or hint.is_line or given
    return f"{context.command_path} needs {missing[0]}" if missing and is_whole else ""
