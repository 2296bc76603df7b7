"""Telling the arguments of qanat from those of the program: section "Parameters" of DESIGN.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from qanat.cli.options import dashed, shown, spellings
from qanat.domain.spelling import distance
from qanat.errors import UsageError


class Split(NamedTuple):
    """The arguments of `qanat run`: those of qanat, the name of the experiment, those of the program."""

    own: list[str]
    name: str | None
    program: list[str]


# Short options of qanat 0.x that programs use as well; qanat takes them before NAME only.
ONLY_BEFORE_NAME = frozenset({"-t", "-h"})
# Qanat options with fewer letters than this, without dashes, resemble too many options of programs.
NAME_MIN = 3
# If it is misspelt, what was only to be shown would be run.
DRY_RUN = "--dry-run"
_THREADS = re.compile(r"-j=?[0-9]+")
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
    own: list[str] = []
    names: list[str] = []
    program: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            program += _after_dashes(list(rest), names, count)
            break
        if argument in known and (len(names) < count or argument not in ONLY_BEFORE_NAME):
            own.append(argument)
            if known[argument]:
                own.append(_value_of(argument, rest))
        elif len(names) == count:
            program.append(argument)
        elif argument.startswith("-") and argument != "-":
            own.append(argument)
        else:
            names.append(argument)
    return own, names, program


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


def _after_dashes(rest: list[str], names: list[str], count: int) -> list[str]:
    """Take missing names from the arguments after `--`, and return the others."""
    missing = count - len(names)
    names += rest[:missing]
    others = rest[missing:]
    return others[1:] if missing and others[:1] == ["--"] else others


class NearMiss(NamedTuple):
    """An argument of the program that looks like a qanat option: the option, and how to write it."""

    argument: str
    option: str
    instead: str


def near_misses(program: Sequence[str], known: Mapping[str, bool]) -> list[NearMiss]:
    """List the arguments of a program that look like options of qanat: `--runner=local`, `--dry-rnu`, `-j2`."""
    found = (_near_miss(argument, known) for argument in dict.fromkeys(program))
    return [miss for miss in found if miss]


def _near_miss(argument: str, known: Mapping[str, bool]) -> NearMiss | None:
    if _THREADS.fullmatch(argument):
        return NearMiss(argument, "-j", f"-j {argument[2:].lstrip('=')}")
    word, equals, value = argument.partition("=")
    name = dashed(word.lstrip("-").lower())
    if not word.startswith("-") or len(name) < NAME_MIN:
        return None
    names = [option.removeprefix("--") for option in known if option.startswith("--") and "_" not in option]
    close = min(names, key=lambda other: (distance(name, other), other))
    is_cut = DRY_RUN.startswith(f"--{name}") and name != "dry-run"
    far = 0 if len(close) < 5 else 1 if len(close) < 7 else 2
    if is_cut:
        close = DRY_RUN.removeprefix("--")
    elif distance(name, close) > far:
        return None
    option = f"--{close}"
    return NearMiss(argument, option, f"{option} {value}" if equals and known[option] else option)
