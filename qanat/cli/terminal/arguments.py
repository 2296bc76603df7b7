"""Separating the arguments of qanat from those of the program: section "Parameters" of DESIGN.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

import click

from qanat.cli.options import shown, spellings
from qanat.errors import UsageError


class Role(Enum):
    """What an argument is on the command line of `qanat run`."""

    OPTION = auto()
    VALUE = auto()
    NAME = auto()
    PROGRAM = auto()
    DASHES = auto()


class Word(NamedTuple):
    """An argument, and what it is."""

    role: Role
    text: str


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


def split(arguments: Sequence[str], known: Mapping[str, bool]) -> Split:
    """Split arguments: qanat takes all before NAME, and after it those that are exactly one of its options.

    After `--`, all belong to the program, except for NAME if that has not come yet.
    """
    own, names, program = split_after(arguments, known, 1)
    return Split(own, names[0] if names else None, program)


def split_after(
    arguments: Sequence[str], known: Mapping[str, bool], count: int
) -> tuple[list[str], list[str], list[str]]:
    """Split arguments like split(), with `count` names before those of the program."""
    found = roles(arguments, known, count)
    own = [text for role, text in found if role in (Role.OPTION, Role.VALUE)]
    return own, [t for role, t in found if role is Role.NAME], [t for role, t in found if role is Role.PROGRAM]


def roles(arguments: Sequence[str], known: Mapping[str, bool], count: int) -> list[Word]:
    """List arguments with what each is; `count` names come before those of the program.

    Raises UsageError if the last is an option that requires a value.
    """
    words: list[Word] = []
    names = 0
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += [Word(Role.DASHES, "--"), *_after_dashes(list(rest), count - names)]
            break
        if argument in known and (names < count or argument not in ONLY_BEFORE_NAME):
            words.append(Word(Role.OPTION, argument))
            if known[argument]:
                words.append(Word(Role.VALUE, _value_of(argument, rest)))
        elif names == count:
            words.append(Word(Role.PROGRAM, argument))
        elif argument.startswith("-") and argument != "-":
            words.append(Word(Role.OPTION, argument))
        else:
            words.append(Word(Role.NAME, argument))
            names += 1
    return words


def own_arguments(arguments: Sequence[str], known: Mapping[str, bool], count: int) -> tuple[list[str], bool]:
    """Drop the program's arguments from an unfinished line, and return whether the next one is the program's.

    The others keep their order; the last may be an option without its value.
    """
    kept: list[str] = []
    names, waits = 0, False
    for place, argument in enumerate(arguments):
        if not waits and argument == "--":
            more = list(arguments[place + 1 :])[: count - names]
            return [*kept, "--", *more], names + len(more) == count
        is_own = waits or (argument in known and (names < count or argument not in ONLY_BEFORE_NAME))
        is_name = not is_own and (not argument.startswith("-") or argument == "-")
        if is_own or names < count:
            kept.append(argument)
        waits = not waits and is_own and known[argument]
        names += is_name and names < count
    return kept, names == count and not waits


def _value_of(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"option {shown(option)} requires a value", hint="see --help")
    return value


def _after_dashes(rest: list[str], missing: int) -> list[Word]:
    """Take missing names from the arguments after `--`; the others are the program's."""
    names, others = rest[:missing], rest[missing:]
    if missing and others[:1] == ["--"]:
        others = others[1:]
    return [*(Word(Role.NAME, name) for name in names), *(Word(Role.PROGRAM, other) for other in others)]
