"""The entry point: run a command, and print an error as a sentence and a hint."""

from __future__ import annotations

import errno
import gc
import os
import re
import sys
from typing import NoReturn

import click

from qanat.cli import surroundings
from qanat.cli.program import EXIT_READER_GONE, qanat, typed_command
from qanat.cli.terminal.output import MESSAGE_MAX, brief, printed
from qanat.errors import EXIT_BUG, EXIT_USAGE, MORE_FILES, QanatError, reason, write_failed

EXIT_MACHINE = 1
GARBAGE_FROM = 200_000  # objects
# What the machine refuses, whatever a program is doing.
_MACHINE = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EIO", "ESTALE", "EMFILE", "ENFILE", "ENOTCONN")
)
_OBJECT_ID = re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{64})\b")
_COMPLETE = "git fsck lists those; in a partial clone, get all with: git fetch --refetch --no-filter"


def main() -> NoReturn:
    """Run the program, and exit with 0 or the exit code of the error."""
    # Modules make objects that stay. Looking for garbage among them at every 700th, which is Python's default, takes a
    # tenth of a short command.
    gc.set_threshold(GARBAGE_FROM)
    surroundings.settle_in()
    status = _call(sys.argv[1:])
    problem = surroundings.stdout_problem()
    status = status if problem is None else _unwritten(problem)
    surroundings.let_go_of_stderr()
    sys.exit(status)


def _call(args: list[str]) -> int:
    if "_QANAT_COMPLETE" in os.environ:
        from qanat.cli.completion import shells  # a shell asks for completions

        return shells.answer()
    try:
        status = qanat.main(args, prog_name="qanat", standalone_mode=False)
    except click.exceptions.Abort:
        return _show("aborted", "", 130)
    except click.UsageError as error:
        if error.ctx and error.message == error.ctx.get_help():
            click.echo(error.message, err=True)
            return EXIT_USAGE
        where = error.ctx.command_path if error.ctx else typed_command(args)[0]
        return _show(_as_typed(_sentence(error.format_message()), args), f"{where} --help", error.exit_code)
    except click.ClickException as error:
        return _show(_sentence(error.format_message()), "", EXIT_USAGE)
    except QanatError as error:
        return _show(_as_typed(error.message, args), error.hint, error.exit_code)
    except KeyboardInterrupt:
        return _show("interrupted", "", 130)
    except OSError as error:
        return _os_error(error)
    except Exception as error:  # noqa: BLE001  # users never see a traceback
        problem = _repository_problem(error)
        return _show(*problem, EXIT_USAGE) if problem else _bug(error)
    return status if isinstance(status, int) else 0


def _repository_problem(error: Exception) -> tuple[str, str] | None:
    """Return a message and a hint if libgit2 cannot read what a repository should have; None for any other error.

    Almost every command looks at HEAD, in many places. A commit may have an impossible time, or its tree be missing, as
    in a partial clone.
    """
    pygit2 = sys.modules.get("pygit2")  # without it, nothing has been read
    if pygit2 is None or not isinstance(error, pygit2.GitError):
        return None
    if isinstance(error, pygit2.InvalidError):
        return f"the repository has an object that cannot be read: {error}", "git fsck lists those"
    # Other things that were not found have names in place of ids.
    if isinstance(error, KeyError) and _OBJECT_ID.search(str(error)):
        return f"the repository lacks an object: {error.args[0]}", _COMPLETE
    return None


def _as_typed(message: str, args: list[str]) -> str:
    from qanat.cli.terminal.as_typed import as_typed  # only failures need it

    return as_typed(message, typed_command(args)[1], args)


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _show(message: str, hint: str, code: int) -> int:
    """Print a message and a hint without secrets, which logs would keep."""
    from qanat.domain.redaction import redacted  # only failures need it

    message, hint = redacted(message), redacted(hint)
    try:
        click.echo(printed(f"qanat: {message}", MESSAGE_MAX), err=True)
        if hint:
            click.echo(f"  hint: {brief(hint, MESSAGE_MAX)}", err=True)
    except OSError:  # the exit code says enough
        surroundings.silence(2)
    return code


def _os_error(error: OSError) -> int:
    if error.errno not in _MACHINE:
        return _bug(error)
    if error.filename:
        return _of_machine(error)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return _show(reason(error), MORE_FILES, EXIT_MACHINE)
    if surroundings.is_of_printing(error):
        surroundings.silence(1)
        return _unwritten(error)
    return _show(reason(error), "", EXIT_MACHINE)


def _unwritten(problem: OSError) -> int:
    """Report that standard output could not be written, unless its reader is gone."""
    if isinstance(problem, BrokenPipeError):
        return EXIT_READER_GONE
    return _show(f"standard output cannot be written: {reason(problem)}", "", EXIT_MACHINE)


def _of_machine(error: OSError) -> int:
    """Report an error of this machine: a full disk, a missing permission, a file server that is gone."""
    found = write_failed(os.fsdecode(error.filename), error)
    return _show(f"{os.fsdecode(error.filename)}: {reason(error)}", found.hint, found.exit_code)


def _bug(error: Exception) -> int:
    """Save the traceback to a file without secrets, and print its name."""
    from qanat.usecases.tracking import bug_report

    return _show(*bug_report.described(error), EXIT_BUG)
