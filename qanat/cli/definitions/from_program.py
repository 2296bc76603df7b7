"""`qanat experiment new FILE`: an experiment proposed from its program."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from qanat.cli.definitions import defining
from qanat.cli.definitions.defining import Content, Question
from qanat.cli.terminal import prompts
from qanat.cli.terminal.output import is_terminal, say, say_json, tell_note, width
from qanat.cli.terminal.tables import wrapped
from qanat.domain import program_help
from qanat.domain.experiment import Program
from qanat.domain.shortening import shortened
from qanat.domain.visible import escaped
from qanat.errors import InputInvalid, NotFound, RunnerUnavailable, UsageError
from qanat.usecases.definitions import define, from_program
from qanat.usecases.definitions.from_program import Asked
from qanat.usecases.project import Project, open_project

_SKIPPED = "its options were not looked up"
_ASKED = ("name", "description", "executable_command")
OPTIONS_SHOWN, METAVAR_SHOWN = 40, 40


def is_program(file: Path | None) -> bool:
    """Return whether a file that was passed is a program rather than a definition."""
    # Path.is_file raises for a name that is too long.
    return file is not None and file.suffix.lower() not in defining.SUFFIXES and os.path.isfile(file)  # noqa: PTH113


def no_program(file: Path | None, option: str) -> UsageError:
    """Return what is wrong with an option for programs only. Raises InputInvalid if it is not a definition either."""
    if file is None:
        return UsageError(f"{option} requires a program", hint="name it: qanat experiment new PROGRAM")
    define.read_input("experiment", file)
    return UsageError(f"{option} requires a program, and {file} is a definition", hint=f"leave out {option}")


def create(
    script: Path,
    options: Content,
    questions: Mapping[str, Question],
    *,
    yes: bool,
    commit: bool,
    allow_secrets: bool,
    as_json: bool,
) -> None:
    """Create an experiment from its program, from options, and from answers to questions in a terminal."""
    if "executable" in options:
        raise UsageError(f"--executable cannot be used with {script}", hint="name the program once")
    project = open_project(Path.cwd())
    content = from_program.proposed(project, script) | options
    asks = is_terminal() and not yes and not as_json
    if asks:
        content |= {key: questions[key](project, content) for key in _ASKED if key not in options}
    _check_new(project, define.checked(project, "experiment", _without_empty(content)))
    asked = _ask_program(project, content, yes=yes, asks=asks)
    if asks and "datasets" not in options and _may_read_data(asked):
        content["datasets"] = questions["datasets"](project, content)
    content = define.checked(project, "experiment", _without_empty(content))
    if not allow_secrets:
        define.check_secrets("experiment", content)
    if asks:
        defining.show_and_confirm(content)
    if as_json:
        file = defining.save(project, "experiment", content, commit=commit)
        say_json(_as_mapping(content, asked) | {"file": project.paths.relative(file)})
        return
    defining.write(project, "experiment", content, new=True, commit=commit)
    _show(content, asked)


def _check_new(project: Project, content: Content) -> None:
    """Raise UsageError if the name is taken; if it is taken for the same program, say how to use that one."""
    try:
        define.check_new(project, "experiment", content)
    except UsageError as error:
        name, executable = content["name"], content["executable"]
        with suppress(NotFound, InputInvalid):
            before = project.experiment(name)
            if before.name == name and before.program.executable == executable:
                options = shlex.join([*before.program.command_line(), "--help"])
                hint = f"run it with: qanat run {name}; {options} shows its options; {error.hint}"
                raise UsageError(f"{error.message}, and runs {executable}", hint=hint) from None
        raise


def _without_empty(content: Content) -> Content:
    return {key: value for key, value in content.items() if value not in ("", [], {})}


def _may_read_data(asked: Asked) -> bool:
    return not asked.options or any(option.use == "dataset" for option in asked.options)


def _ask_program(project: Project, content: Content, *, yes: bool, asks: bool) -> Asked:
    """Run the program with --help if the user agrees."""
    program = Program(content["executable"], content.get("executable_command", ""))
    command = f"{shlex.join(program.command_line())} --help"
    known = from_program.reads_help(project, content)
    silent = "it does not seem to read --help, and may do all of its work"
    if asks:
        if not known:
            tell_note(f"{program.executable}: {silent}")
        if not prompts.confirm(f"Run {command} to find its options?", option="--yes", default=known):
            return Asked(problem=_SKIPPED)
    elif not yes:
        return Asked(problem=f"{_SKIPPED}; {command} shows them")
    elif not known:
        return Asked(problem=f"{_SKIPPED}: {silent}")
    try:
        return from_program.ask(project, content)
    except RunnerUnavailable as error:
        return Asked(problem=f"its options are not known: {error.message}")


def _notes(content: Content, asked: Asked) -> list[str]:
    if asked.problem:
        return [f"{escaped(content['executable'])}: {asked.problem}"]
    reads = bool(content.get("datasets"))
    found = program_help.missing(asked.options, reads_datasets=reads)
    if not reads and any(option.use == "dataset" for option in asked.options):
        let = f"qanat experiment update {content['name']} --dataset NAME"
        found.append(f"accepts --dataset_path, but no dataset is named; see qanat dataset new DATA, and then: {let}")
    return [f"{escaped(content['executable'])}: {each}" for each in found]


def _examples(content: Content, asked: Asked) -> list[str]:
    found = program_help.examples(asked.options) or [()]
    return [shlex.join(["qanat", "run", content["name"], *arguments]) for arguments in found]


def _as_mapping(content: Content, asked: Asked) -> Content:
    options = [
        {
            "name": option.name,
            "use": option.use,
            "metavar": option.metavar,
            "default": option.default,
            "choices": list(option.choices),
            "help": option.help,
        }
        for option in asked.options
    ]
    return {
        "definition": content,
        "options": options,
        "examples": _examples(content, asked),
        "notes": _notes(content, asked),
    }


def _show(content: Content, asked: Asked) -> None:
    """Print what the program has, what it lacks, and what to try."""
    free = [option for option in asked.options if option.use == "parameter"]
    if free:
        named = [f"{option.name} {shortened(option.metavar, METAVAR_SHOWN)}".rstrip() for option in free]
        more = [f"and {len(named) - OPTIONS_SHOWN} more"] if len(named) > OPTIONS_SHOWN else []
        say(wrapped(f"Options of {escaped(content['executable'])}:", [*named[:OPTIONS_SHOWN], *more], width()))
    for note in _notes(content, asked):
        tell_note(note)
    say("Try:")
    say("\n".join(f"  {line}" for line in _examples(content, asked)))
