"""The files in share/: a manual page for each command, and the completion scripts; `docs/generate.py` writes them."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from qanat import __version__
from qanat.cli.completion.shells import SHELLS, shell_named
from qanat.cli.options import grouped
from qanat.cli.program import qanat

SHARE = Path(__file__).parents[1] / "share"
MANUAL = SHARE / "man/man1"
# Where shells look for the completion of a program.
COMPLETIONS = {
    "bash": SHARE / "bash-completion/completions/qanat",
    "zsh": SHARE / "zsh/site-functions/_qanat",
    "fish": SHARE / "fish/vendor_completions.d/qanat.fish",
}


def shared() -> dict[Path, str]:
    """Return the content of each file in share/."""
    scripts = {COMPLETIONS[shell]: shell_named(shell).source().rstrip("\n") + "\n" for shell in SHELLS}
    return scripts | {MANUAL / f"{name}.1": "".join(f"{line}\n" for line in page) for name, page in _pages()}


def _pages() -> Iterator[tuple[str, Iterator[str]]]:
    root = click.Context(qanat, info_name="qanat")
    lines = {name: line for section in qanat.help_lines().values() for name, line in section.items()}
    yield "qanat", _page("qanat", (qanat.help or "").rstrip("."), root)
    for name, line in lines.items():
        command = qanat.get_command(root, name)
        assert command is not None  # it is in the list
        yield f"qanat-{name}", _page(f"qanat-{name}", line, click.Context(command, info_name=name, parent=root))


def _page(name: str, line: str, context: click.Context) -> Iterator[str]:
    yield f'.TH {_roff(name.upper())} 1 "" "qanat {_roff(__version__)}" "User Commands"'
    yield from (".SH NAME", f"{_roff(name)} \\- {_roff(' '.join(line.split()).rstrip('.'))}")
    yield from (".SH SYNOPSIS", _synopsis(context))
    yield from (".SH DESCRIPTION", *_paragraphs(inspect.cleandoc(context.command.help or "")))
    for title, options in grouped(context.command, context).items():
        yield from (f".SH {_roff(title.upper())}", *_options(options))
    if context.parent is None:
        yield from _listing()
    elif isinstance(context.command, click.Group):
        yield ".SH COMMANDS"
        for found, command in ((found, context.command.get_command(context, found)) for found in _names(context)):
            if command is not None:
                yield from _inner(click.Context(command, info_name=found, parent=context))
    if context.command.epilog:
        yield from (".SH NOTES", *_paragraphs(context.command.epilog))
    yield from (".SH SEE ALSO", ".BR git (1)" if context.parent is None else ".BR qanat (1)")


def _names(context: click.Context) -> list[str]:
    return context.command.list_commands(context) if isinstance(context.command, click.Group) else []


def _inner(context: click.Context) -> Iterator[str]:
    """Return the section of a command in the page of its group."""
    yield from (f".SS {_roff(context.command_path)}", _synopsis(context), ".PP")
    yield from _paragraphs(inspect.cleandoc(context.command.help or ""))
    for options in grouped(context.command, context).values():
        yield from _options({names: text for names, text in options.items() if "--help" not in names})
    if context.command.epilog:
        yield from (".PP", *_paragraphs(context.command.epilog))


def _listing() -> Iterator[str]:
    for title, lines in qanat.help_lines().items():
        yield f".SH {_roff(title.rstrip(':').upper())}"
        for name, line in lines.items():
            yield from (".TP", f".BR {_roff(f'qanat-{name}')} (1)", _roff(line))


def _synopsis(context: click.Context) -> str:
    usage = " ".join(context.get_usage().removeprefix("Usage: ").split())
    return f"\\fB{_roff(context.command_path)}\\fP{_roff(usage.removeprefix(context.command_path))}"


def _options(options: Mapping[str, str]) -> Iterator[str]:
    for names, text in options.items():
        yield from (".TP", re.sub(r"(?<!\S)\\-\S+?(?=,|\s|$)", r"\\fB\g<0>\\fP", _roff(names)), _roff(text))


def _paragraphs(text: str) -> Iterator[str]:
    """Return paragraphs; those that click would not wrap stay as they are."""
    for number, paragraph in enumerate(part for part in text.split("\n\n") if part.strip()):
        if number:
            yield ".PP"
        if paragraph.startswith("\b\n"):
            title, _, lines = paragraph.removeprefix("\b\n").partition("\n")
            yield from (
                _roff(title),
                ".PP",
                ".RS",
                ".nf",
                *map(_roff, textwrap.dedent(lines).splitlines()),
                ".fi",
                ".RE",
            )
        else:
            yield _roff(" ".join(paragraph.split()))


def _roff(text: str) -> str:
    """Return text of one line that troff prints as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
