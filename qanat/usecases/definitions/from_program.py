"""Proposing the definition of an experiment from its program, and asking the program for its options."""

from __future__ import annotations

import ast
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain import program_help
from qanat.domain.experiment import Program
from qanat.domain.names import made_name
from qanat.domain.program_help import ProgramOption
from qanat.errors import InputInvalid, UsageError
from qanat.system import asking, files
from qanat.usecases.project import Project

TIMEOUT_S = 20.0
_UNKNOWN = "its options are not known: --help"
_PRINTED_BYTES_MAX = 2**18
_PROGRAM_BYTES_MAX = 2**20
_DESCRIPTION_MAX = 200
_LAST_LINE_MAX = 300
# What runs a program, by its suffix.
_COMMANDS = {".sh": "sh", ".bash": "bash", ".r": "Rscript", ".jl": "julia", ".pl": "perl", ".rb": "ruby", ".js": "node"}
# Names of files that say nothing; their folder says more.
_SAY_NOTHING = frozenset({"main", "run", "__main__", "script", "experiment"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a program printed for --help: its options, or why they are not known."""

    options: tuple[ProgramOption, ...] = ()
    problem: str = ""


def proposed(project: Project, script: Path) -> dict[str, Any]:
    """Return the definition of an experiment that runs a program; `script` counts from the current directory.

    Raises UsageError for a program outside of the project.
    """
    path = Path(os.path.abspath(script))  # noqa: PTH100  # resolve() follows links
    if not path.is_relative_to(project.root):
        raise UsageError(
            f"{script} is not in the project {project.root}",
            hint="move it there, since a run needs the commit of its code",
        )
    inside = path.relative_to(project.root)
    folder = str(inside.parent)
    content = {
        "name": _name(inside),
        "description": _description(path),
        "path": "" if folder == "." else folder,
        "executable": str(inside),
        "executable_command": command_for(path),
    }
    return {key: value for key, value in content.items() if value}


def command_for(path: Path) -> str:
    """Return the command that runs a program; empty if it can be run itself, or if that is not known."""
    if path.suffix == ".py":
        return python_command()
    if os.access(path, os.X_OK):
        return ""
    return _shebang(path) or _COMMANDS.get(path.suffix.lower(), "")


def python_command() -> str:
    """Return the command that runs a program in Python: some systems have no `python`."""
    return "python" if shutil.which("python") or not shutil.which("python3") else "python3"


def _shebang(path: Path) -> str:
    first = _text(path).partition(b"\n")[0].decode("utf-8", "replace")
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    if len(words) > 1 and Path(words[0]).name == "env":
        return " ".join(words[1:]) if not words[1].startswith("-") else ""
    return " ".join([Path(words[0]).name, *words[1:]]) if words else ""


def _name(inside: Path) -> str:
    """Return a name for an experiment: that of its program, or of the folder if the program's says nothing."""
    stem = inside.parent.name if inside.stem in _SAY_NOTHING and inside.parent.name else inside.stem
    return made_name(stem, "experiment")


def _description(path: Path) -> str:
    """Return the first line of a Python program's docstring, without running it."""
    if path.suffix != ".py":
        return ""
    try:
        with warnings.catch_warnings(action="ignore"):  # about the program
            doc = ast.get_docstring(ast.parse(_text(path))) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return doc.partition("\n")[0].strip()[:_DESCRIPTION_MAX]


def _text(path: Path) -> bytes:
    try:
        return files.read(path, limit_bytes=_PROGRAM_BYTES_MAX)
    except InputInvalid:
        return b""


def reads_help(project: Project, content: dict[str, Any]) -> bool:
    """Return whether something in a program says that it reads --help, and so does nothing else then."""
    return program_help.reads_help(_text(project.root / content["executable"]))


def ask(project: Project, content: dict[str, Any]) -> Asked:
    """Run a program with --help, as a run on this machine would start it, and return its options.

    It has TIMEOUT_S, nothing to read, and no terminal.
    """
    program = Program(content["executable"], content.get("executable_command", ""))
    quiet = {"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1", "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1"}
    answer = asking.answer_of(
        (*program.command_line(), "--help"),
        cwd=project.root,
        env=quiet,
        timeout_s=TIMEOUT_S,
        bytes_max=_PRINTED_BYTES_MAX,
    )
    text = (answer.out + answer.err).decode("utf-8", "replace")
    if answer.status is None:
        return Asked(problem=f"{_UNKNOWN} did not end within {TIMEOUT_S:g} s, or printed too much, and was killed")
    options = program_help.options_in(text)
    if answer.status and not options:
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")[-_LAST_LINE_MAX:]
        return Asked(problem=f"{_UNKNOWN} failed with exit code {answer.status}{f': {last}' if last else ''}")
    return Asked(tuple(options), "" if options else f"{_UNKNOWN} printed no options")
