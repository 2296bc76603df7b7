"""What the hooks share: their arguments, their output, their exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from qanat.errors import EXIT_FAILED, EXIT_USAGE, QanatError
from qanat.usecases.checks.printed import printed
from qanat.usecases.checks.rule import Option
from qanat.usecases.checks.scope import Scope, project_at, scope_of
from qanat.usecases.project import Project


def parser(program: str, description: str | None, taken: Iterable[Option]) -> argparse.ArgumentParser:
    """Return a parser with the arguments that every hook takes, and the options of rules."""
    made = argparse.ArgumentParser(prog=program, description=description)
    made.add_argument("files", nargs="*", metavar="FILE")
    made.add_argument(
        "--from-ref",
        metavar="REV",
        help="check what changed since REV instead of the next commit, all of it if no FILE is named",
    )
    made.add_argument("--to-ref", metavar="REV", help="with --from-ref, check up to REV (default: HEAD)")
    for option in taken:
        action = "append" if option.repeatable else "store"
        made.add_argument(option.flag, dest=option.name, action=action, metavar=option.metavar, help=option.help)
    return made


def parse(made: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line: options, then files, preferably with `--` between them.

    Without `--`, a file with the name of an option would be taken for that option, so it is refused.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if called := [a for a in arguments[:end] if a.startswith("-") and os.path.lexists(a)]:
        sys.stderr.write(f"{made.prog}: {called[0]!r} is both an option and the name of a file\n")
        sys.stderr.write("  hint: rename the file, or end the options with -- (args: [--max-size=5MB, --])\n")
        sys.exit(EXIT_USAGE)
    options = made.parse_args(arguments[:end])
    options.files = [*options.files, *arguments[end + 1 :]]
    return options


def values(options: argparse.Namespace, taken: Iterable[Option]) -> dict[str, Any]:
    """Return the values of those options that were given, by name. Raises InputInvalid."""
    given = {option: getattr(options, option.name) for option in taken}
    return {
        option.name: tuple(map(option.parse, value)) if option.repeatable else option.parse(value)
        for option, value in given.items()
        if value is not None
    }


def finish(options: argparse.Namespace, program: str, check: Callable[[Scope, Project], Iterable[object]]) -> NoReturn:
    """Print what a check finds, one finding per line, and exit: 1 if there are any, 2 if the check failed."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        project = project_at(Path.cwd())
        found = list(check(scope_of(project, options.from_ref, options.to_ref), project))
    except QanatError as error:
        fail(program, error)
    sys.stdout.writelines(f"{printed(finding)}\n" for finding in found)
    sys.exit(EXIT_FAILED if found else 0)


def fail(program: str, error: QanatError) -> NoReturn:
    """Print why a program could not check anything, and exit."""
    hint = f"\n  hint: {error.hint}" if error.hint else ""
    sys.stderr.write(f"{program}: {printed(error.message + hint)}\n")
    sys.exit(error.exit_code)
