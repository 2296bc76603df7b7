"""Completion scripts for shells, and the answers that these ask for when the user presses Tab."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import click
from click import shell_completion
from click.shell_completion import CompletionItem

from qanat.cli.completion import skeleton
from qanat.cli.completion.completers import COMPLETERS
from qanat.cli.completion.skeleton import SkeletonCommand, SkeletonGroup
from qanat.cli.options import dashed, shown
from qanat.cli.terminal import arguments
from qanat.cli.terminal.output import clean

VARIABLE = "_QANAT_COMPLETE"
ALWAYS_DESCRIBED = frozenset({"63", "33", "64"})  # COMP_TYPE of bash when it lists: ?, !, @
HELP_MAX = 200
BASH = """\
# qanat's completion for bash
%(complete_func)s() {
    local IFS=$'\\n' response lines
    response=$(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD COMP_TYPE=$COMP_TYPE COLUMNS=${COLUMNS:-80} \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null) || return 0
    COMPREPLY=()
    mapfile -t lines <<< "$response"
    case ${lines[0]} in
        file) compopt -o default ;;
        dir) compopt -o dirnames ;;
        plain) COMPREPLY=("${lines[@]:1}") ;;
    esac
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
FISH = """\
# qanat's completion for fish
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp | string collect) \\
        COMP_CWORD=(commandline -t | string collect) %(prog_name)s 2>/dev/null)
    for line in $response
        set -l parts (string split -m 1 "," -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class _Answers(shell_completion.ShellComplete):
    """What all shells share; an answer never fails, and prints nothing else."""

    def get_completions(self, args: list[str], incomplete: str) -> list[Any]:
        """Return what could be typed next; nothing if that is unknown."""
        option, equals, value = incomplete.partition("=")
        try:
            return _clean(self._completions(args, f"{shown(option)}{equals}{value}"))
        except Exception:  # noqa: BLE001  # Tab must not print messages
            return []

    def _completions(self, args: list[str], incomplete: str) -> list[Any]:
        command, start = _command_at(self.cli, args)
        if command is None:
            return []
        known = arguments.options_of(command)
        # click compares what was typed with the names of options.
        args = [*args[:start], *(shown(arg) if arg in known else arg for arg in args[start:])]
        if not (isinstance(command, SkeletonCommand) and command.names):
            return list(super().get_completions(args, incomplete))
        own, is_program = arguments.own_arguments(args[start:], known, command.names)
        if not is_program:
            return list(super().get_completions([*args[:start], *own], incomplete))
        if not incomplete.startswith("-") or "--" in args[start:]:
            return [CompletionItem(incomplete, type="file")]
        found = super().get_completions([*args[:start], *own], incomplete)
        return [item for item in found if item.value not in arguments.ONLY_BEFORE_NAME]


def _command_at(group: click.Command, args: list[str]) -> tuple[click.Command | None, int]:
    """Find the command that arguments name (None if there is none), and the index of the first argument after it."""
    place = 0
    found: click.Command | None = group
    while isinstance(found, SkeletonGroup) and place < len(args):
        word = args[place]
        place += 2 if arguments.options_of(found).get(word) else 1
        if not word.startswith("-"):
            found = found.get_command(None, word)
    return found, place


def _clean(items: list[Any]) -> list[Any]:
    """Escape control characters in the descriptions, which come from files."""
    for item in items:
        item.help = clean(item.help or "")[:HELP_MAX]
    return items


class _Bash(_Answers, shell_completion.BashComplete):
    """The first line is the kind of completions, then each is on a line, with a description if bash lists them."""

    source_template: ClassVar[str] = BASH

    def source(self) -> str:
        """Return the script; click would first check the version of the bash on PATH."""
        return shell_completion.ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Read the arguments; bash makes `=` an argument of its own."""
        args, incomplete = super().get_completion_args()
        return [word for word in args if word != "="], incomplete

    def complete(self) -> str:
        """Write the answer."""
        items = self.get_completions(*self.get_completion_args())
        if items and items[0].type != "plain":
            return str(items[0].type)
        described = len(items) > 1 and os.environ.get("COMP_TYPE") in ALWAYS_DESCRIBED
        return "\n".join(["plain", *(_columns(items) if described else (item.value for item in items))])


def _columns(items: list[Any]) -> list[str]:
    """Lay out completions with their descriptions, one per line."""
    room = int(os.environ.get("COLUMNS") or 80) - 2
    width = max(len(item.value) for item in items)
    return [f"{i.value:{width}}  {i.help}".rstrip()[: max(room, width)] if i.help else i.value for i in items]


class _Zsh(_Answers, shell_completion.ZshComplete):
    """click's completion for zsh."""


class _Fish(_Answers, shell_completion.FishComplete):
    """click's completion for fish, except that descriptions may contain commas."""

    source_template: ClassVar[str] = FISH


SHELLS: dict[str, type[_Answers]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def answer() -> int:
    """Answer the shell whose script has set VARIABLE, and return the exit code."""
    shell, _, what = os.environ.get(VARIABLE, "").partition("_")
    if shell in SHELLS:
        click.echo(shell_named(shell).complete() if what == "complete" else shell_named(shell).source())
    return 0


def shell_named(shell: str) -> _Answers:
    """Return the object that writes the script of a shell and answers it."""
    return SHELLS[shell](skeleton.load(COMPLETERS), {"token_normalize_func": dashed}, "qanat", VARIABLE)
