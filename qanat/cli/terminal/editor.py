"""Opening files in the user's editor and pager, never through a shell."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qanat.cli.terminal import prompts
from qanat.cli.terminal.log_output import visible_texts
from qanat.cli.terminal.output import is_terminal
from qanat.domain.shortening import quoted
from qanat.domain.splitting import split
from qanat.errors import RunnerUnavailable, UsageError
from qanat.usecases.definitions import settings
from qanat.usecases.project import Project
from qanat.usecases.runs import attended

# Programs that write the bytes of files to the terminal, whatever they do there.
PASSING = frozenset({"cat", "more", "head", "tail", "tac", "nl"})


def editor_for(project: Project) -> str:
    """Return the editor to use; one that only the project's settings name is confirmed first, once."""
    found = settings.editor(project)
    if not found.is_own and is_terminal():
        question = f"The settings of this project name the editor {found.command!r}. Run it?"
        if not prompts.confirm(question, option="$EDITOR"):
            raise UsageError("no editor was opened", hint="set $EDITOR, or: git config --global core.editor COMMAND")
        settings.confirm_editor(project.location, found.command)
    return found.command


def edit(editor: str, path: Path, *, instead: str) -> None:
    """Open a file in an editor, which may have arguments (`code -w`), and wait for it.

    `instead` is the hint for when there is no terminal.
    """
    if not is_terminal():
        raise UsageError("cannot open an editor without a terminal", hint=instead)
    status = _run(editor, [path], "set $EDITOR, or default_editor in .qanat/config.yaml")
    if status != 0:
        raise UsageError(f"the editor {quoted(editor)} failed with exit code {status}; nothing was saved")


def page(paths: Sequence[Path]) -> None:
    """Show files in $PAGER, or less, or more.

    A program that would pass on what acts on a terminal gets text without it.
    """
    import shutil

    pager = os.environ.get("PAGER", "").strip() or ("less -R" if shutil.which("less") else "more")
    with _started(pager, "set $PAGER") as command:
        if Path(command[0]).name in PASSING:
            attended.feed(command, visible_texts(paths))
        else:
            attended.run([*command, *map(str, paths)])


def _run(program: str, paths: Sequence[Path], remedy: str) -> int:
    with _started(program, remedy) as command:
        return attended.run([*command, *map(str, paths)])


@contextmanager
def _started(program: str, remedy: str) -> Iterator[list[str]]:
    """Yield the arguments of a program, and raise RunnerUnavailable if it cannot be started with them."""
    try:
        first, *others = split(program)
        yield [first, *others]
    except (OSError, ValueError):
        raise RunnerUnavailable(f"cannot start {quoted(program)}", hint=remedy) from None
