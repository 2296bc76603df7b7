"""What the hooks have in common: their words, what they print, how they end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from qanat.errors import EXIT_FAILED, EXIT_USAGE, QanatError
from qanat.usecases.checks.scope import Scope, project_at, scope_of
from qanat.usecases.project import Project


def parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """Give a parser with the words that every hook takes."""
    made = argparse.ArgumentParser(prog=program, description=description)
    made.add_argument("files", nargs="*", metavar="FILE")
    made.add_argument("--from-ref", metavar="REV", help="check what has changed since REV, and not the next commit")
    made.add_argument("--to-ref", metavar="REV", help="with --from-ref, up to REV; HEAD by default")
    return made


def parse(made: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line: options, then files, best with `--` between them.

    A file may be called like an option, by whoever wrote it; without `--` one could not tell.
    """
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    if called := [word for word in words[:at] if word.startswith("-") and os.path.lexists(word)]:
        sys.stderr.write(f"{made.prog}: there is a file called {called[0]!r}, as an option is\n")
        sys.stderr.write("  hint: rename it, or end the options with -- (args: [--max-size=5MB, --])\n")
        sys.exit(EXIT_USAGE)
    asked = made.parse_args(words[:at])
    asked.files = [*asked.files, *words[at + 1 :]]
    return asked


def finish(asked: argparse.Namespace, program: str, check: Callable[[Scope, Project], Iterable[object]]) -> NoReturn:
    """Print what a check finds, a line each, and end: 1 when there is something, 2 when it cannot be checked."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        project = project_at(Path.cwd())
        found = list(check(scope_of(project, asked.from_ref, asked.to_ref), project))
    except QanatError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"{program}: {error.message}{hint}\n")
        sys.exit(error.exit_code)
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    sys.exit(EXIT_FAILED if found else 0)
