"""Telling qanat's words from the program's: section "Parameters" of DESIGN.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from qanat.cli.options import shown, spellings
from qanat.errors import UsageError


class Split(NamedTuple):
    """The words of `qanat run`: qanat's own, the experiment's name, the program's."""

    own: list[str]
    name: str | None
    program: list[str]


# Of the short options these were the first qanat's, and programs use them too: they count before NAME only.
ONLY_BEFORE_NAME = frozenset({"-t", "-h"})
# What the program's arguments are called in the usage of a command.
USAGE = "[ARGS]..."


def options_of(command: click.Command) -> dict[str, bool]:
    """Return the options of a command in every accepted spelling, and whether each takes a value."""
    known = {"--help": False, "-h": False}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            takes_value = not parameter.is_flag and not parameter.count
            names = (name for option in (*parameter.opts, *parameter.secondary_opts) for name in spellings(option))
            known |= dict.fromkeys(names, takes_value)
    return known


def split(words: Sequence[str], known: Mapping[str, bool]) -> Split:
    """Split words: before NAME all are qanat's; after it those that are exactly an option of qanat's, with its value.

    After `--` every word is the program's, or, when NAME has not come yet, NAME and then the program's.
    """
    own, names, program = split_after(words, known, 1)
    return Split(own, names[0] if names else None, program)


def split_after(words: Sequence[str], known: Mapping[str, bool], count: int) -> tuple[list[str], list[str], list[str]]:
    """Split words as split() does, where not one but `count` names come before the program's words."""
    own: list[str] = []
    names: list[str] = []
    program: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            program += _after_dashes(list(rest), names, count)
            break
        if word in known and (len(names) < count or word not in ONLY_BEFORE_NAME):
            own.append(word)
            if known[word]:
                own.append(_value_of(word, rest))
        elif len(names) == count:
            program.append(word)
        elif word.startswith("-") and word != "-":
            own.append(word)
        else:
            names.append(word)
    return own, names, program


def ours(words: Sequence[str], known: Mapping[str, bool], count: int) -> tuple[list[str], bool]:
    """Leave out the program's words of a line that is still being typed; tell whether the next word is the program's.

    The others stay in their order, an option whose value has not been typed yet among them.
    """
    kept: list[str] = []
    names, waits = 0, False
    for place, word in enumerate(words):
        if not waits and word == "--":
            more = list(words[place + 1 :])[: count - names]
            return [*kept, "--", *more], names + len(more) == count
        is_ours = waits or (word in known and (names < count or word not in ONLY_BEFORE_NAME))
        is_name = not is_ours and (not word.startswith("-") or word == "-")
        if is_ours or names < count:
            kept.append(word)
        waits = not waits and is_ours and known[word]
        names += is_name and names < count
    return kept, names == count and not waits


def _value_of(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"option {shown(option)} requires a value", hint="see --help")
    return value


def _after_dashes(rest: list[str], names: list[str], count: int) -> list[str]:
    """Take the names that are still missing from the words after `--`, and give the others."""
    missing = count - len(names)
    names += rest[:missing]
    others = rest[missing:]
    return others[1:] if missing and others[:1] == ["--"] else others


def looks_meant_for_us(program: Sequence[str], known: Mapping[str, bool]) -> str | None:
    """Give the first word such as `--runner=local` that went to the program although its option is qanat's."""
    for word in program:
        option, equals, _ = word.partition("=")
        if equals and option.startswith("--") and option in known:
            return word
    return None
