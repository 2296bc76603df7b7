"""How options are named and listed: with dashes, though underscores are accepted, and in groups if there are many."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from qanat.errors import UsageError

PARAMETERS = "Parameters"
WHERE = "Where to run"
CODE = "Code"
RECORDING = "Recording"
OTHER = "Other"
COLUMN_MAX = 30  # longer names have a line of their own
# The range of a number is in the error message for a number outside it.
_RANGE = re.compile(r"(?<! ) *\[\d+<=x<=\d+\]$|; \d+<=x<=\d+(?=\]$)|(?<! ) *\[x>=\d+\]$|; x>=\d+(?=\]$)")
# No option counts further: not every library takes what Python calls a number.
COUNT_MAX = 10**9
# Options that had another name in qanat 0.x.
NAMES_NOW = {"group-no": "group"}
_Function = TypeVar("_Function", bound=Callable[..., Any])


def dashed(name: str) -> str:
    """Return the shown spelling of the name of an option or command: `dry-run` for `dry_run`.

    Users of qanat 0.x type underscores. click calls this for every name that is typed or declared.
    """
    with_dashes = name.replace("_", "-")
    return NAMES_NOW.get(with_dashes, with_dashes)


def shown(option: str) -> str:
    """Return the shown spelling of an option as it was typed."""
    return f"--{dashed(option[2:])}" if option.startswith("--") else option


def spellings(option: str) -> tuple[str, ...]:
    """List the accepted spellings of an option, the shown one first."""
    if not option.startswith("--"):
        return (option,)
    names = [option[2:], *(before for before, now in NAMES_NOW.items() if now == option[2:])]
    return tuple(dict.fromkeys(f"--{name}" for known in names for name in (known, known.replace("-", "_"))))


class Option(click.Option):
    """An option that may belong to a group of options in the help of its command."""

    def __init__(self, *args: Any, group: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        # click would say that a value "is not a valid integer range".
        if isinstance(self.type, click.IntRange | click.FloatRange):
            self.type.name = "whole number" if isinstance(self.type, click.IntRange) else "number"
        if isinstance(self.type, click.IntRange) and self.type.max is None:
            self.type.max = COUNT_MAX

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return names and help, without the range of a number."""
        record = super().get_help_record(ctx)
        return record and (record[0], _RANGE.sub("", record[1]))


def option(*names: str, group: str = "", **details: Any) -> Callable[[_Function], _Function]:
    """Declare an option, in a group of its command's options where `group` names one."""
    return click.option(*names, cls=Option, group=group, **details)


def used_options() -> set[str]:
    """Return the options that were used on the command line of this command, in every declared spelling."""
    context = click.get_current_context()
    used = (
        p for p in context.command.params if context.get_parameter_source(str(p.name)) is not ParameterSource.DEFAULT
    )
    return {name for parameter in used for name in parameter.opts}


def refuse_together(contradictions: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError if an option was used together with one of those that contradict it."""
    used = used_options()
    for one, others in contradictions.items():
        for other in others:
            if one in used and other in used:
                raise UsageError(f"{one} cannot be used with {other}", hint="leave out one of them")


def columns_option(*, group: str) -> Callable[[_Function], _Function]:
    """Declare the option that chooses the columns of a table, whose names split_names() returns."""
    about = "Show these columns, separated by commas; a pattern such as 'metric.*' stands for several."
    return option("--columns", group=group, multiple=True, metavar="NAMES", help=about)


def where_option(about: str, *, group: str = "") -> Callable[[_Function], _Function]:
    """Declare the option with conditions, whose values domain.condition.parse_all() reads; `about` is what they do."""
    return option("--where", group=group, multiple=True, metavar="CONDITION", help=f"{about}; may be repeated.")


view_option = option("--view", metavar="NAME", default="", help="Open the page with this saved view; see qanat view.")


def split_names(texts: Sequence[str]) -> list[str]:
    """Return the names in the values of --columns, separated by commas. Raises UsageError if there is none in them."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if texts and not names:
        raise UsageError("--columns names no column", hint="leave it out for the usual columns")
    return names


class Group(click.Group):
    """A group that lists its commands in the order of their definition."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of the commands."""
        return list(self.commands)


class Command(click.Command):
    """A command that lists its options in their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each group, with the help in one column throughout."""
        groups = grouped(self, ctx)
        names = [names for records in groups.values() for names in records]
        width = max((len(name) for name in names if len(name) <= COLUMN_MAX), default=0)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl([(names.ljust(width), text) for names, text in records.items()], COLUMN_MAX)


def grouped(command: click.Command, ctx: click.Context) -> Mapping[str, Mapping[str, str]]:
    """Return the help of a command's options by group and by names; options of no group are OTHER, or all "Options"."""
    options = [p for p in command.get_params(ctx) if isinstance(p, click.Option) and not p.hidden]
    titles = list(dict.fromkeys(group for option in options if (group := _group(option))))
    titles.sort(key=lambda title: title == RECORDING)  # some of its options are declared with those before it
    groups: dict[str, dict[str, str]] = {title: {} for title in titles if title != OTHER}
    rest = groups.setdefault(OTHER if titles else "Options", {})
    for found in options:
        names, text = found.get_help_record(ctx) or ("", "")
        groups.get(_group(found), rest)[names] = text
    return groups


def _group(option: click.Option) -> str:
    return option.group if isinstance(option, Option) else ""
