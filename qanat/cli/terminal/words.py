"""Telling the arguments of qanat from those of the program: section "Parameters" of DESIGN.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from qanat.cli.options import shown, spellings
from qanat.errors import UsageError


class Split(NamedTuple):
    """The arguments of `qanat run`: those of qanat, the name of the experiment, those of the program."""

    own: list[str]
    name: str | None
    program: list[str]


# Short options of qanat 0.x that programs use as well; qanat takes them before NAME only.
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
    """Split arguments: qanat takes all before NAME, and after it those that are exactly one of its options.

    After `--`, all belong to the program, except for NAME if that has not come yet.
    """
    own, names, program = split_after(words, known, 1)
    return Split(own, names[0] if names else None, program)


def split_after(words: Sequence[str], known: Mapping[str, bool], count: int) -> tuple[list[str], list[str], list[str]]:
    """Split arguments like split(), with `count` names before those of the program."""
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
    """Drop the program's arguments from an unfinished line, and return whether the next one is the program's.

    The others keep their order; the last may be an option without its value.
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
    """Take missing names from the arguments after `--`, and return the others."""
    missing = count - len(names)
    names += rest[:missing]
    others = rest[missing:]
    return others[1:] if missing and others[:1] == ["--"] else others


def looks_meant_for_us(program: Sequence[str], known: Mapping[str, bool]) -> str | None:
    """Return the first argument such as `--runner=local` that looks like a qanat option but goes to the program."""
    for word in program:
        option, equals, _ = word.partition("=")
        if equals and option.startswith("--") and option in known:
            return word
    return None
