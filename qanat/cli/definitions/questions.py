"""Questions for keys that several kinds of definitions share, and checks of answers as they are typed."""

from __future__ import annotations

import os
from collections.abc import Callable

from qanat.cli.definitions.defining import Content, Question
from qanat.cli.terminal import prompts
from qanat.domain.data_paths import is_url, located, url_problem
from qanat.domain.names import name_problem
from qanat.domain.shortening import quoted
from qanat.usecases.definitions import from_program
from qanat.usecases.project import Project


def new_name(kind: str) -> Question:
    """Ask for a name that no definition of this kind uses yet."""

    def ask(project: Project, content: Content) -> str:
        taken = set(project.names(kind)) if kind != "template" else set()

        def check(answer: str) -> str:
            return name_problem(answer) or (f"{kind} {quoted(answer)} already exists" if answer in taken else "")

        return prompts.text("Name:", option="--name", default=content.get("name", ""), check=check)

    return ask


def line(key: str, question: str, *, option: str = "") -> Question:
    """Ask for a line of free text, which may be empty."""
    flag, asked = option or f"--{key}", f"{question} (empty for none):"
    return lambda _project, content: prompts.text(asked, option=flag, default=content.get(key, ""))


def tags(_project: Project, content: Content) -> list[str]:
    """Ask for tags, separated by commas."""
    before = ", ".join(content.get("tags", ()))
    answer = prompts.text("Tags (separated by commas; empty for none):", option="--tag", default=before)
    return list(dict.fromkeys(tag.strip() for tag in answer.split(",") if tag.strip()))


def there(project: Project) -> Callable[[str], str]:
    """Check that a path exists, relative to the project root, or is a URL."""

    def check(answer: str) -> str:
        if is_url(answer):
            return f"{answer} {problem}" if (problem := url_problem(answer)) else ""
        # Path.exists raises for a name that is too long.
        there = answer and os.path.exists(located(project.root, answer))  # noqa: PTH110
        return "" if there else _missing(answer, "does not exist")

    return check


def program(project: Project) -> Callable[[str], str]:
    """Check that a path is a file of the project."""

    def check(answer: str) -> str:
        path = project.root / answer
        if answer.startswith("/") or ".." in answer.split("/"):
            return "enter a path relative to the project root"
        return "" if answer and os.path.isfile(path) else _missing(answer, "is not a file of the project")  # noqa: PTH113

    return check


def command(project: Project, executable: str, before: str, *, option: str) -> str:
    """Ask for the command that runs a program, by default what its suffix or first line suggests."""
    path = project.root / executable
    suggested = from_program.command_for(path)

    def check(answer: str) -> str:
        if answer or os.access(path, os.X_OK):
            return ""
        return f"{executable} is not executable; enter the command that runs it, such as {suggested or 'bash'}"

    question = "Command that runs it (empty: the program itself):"
    return prompts.text(question, option=option, default=before or suggested, check=check)


def _missing(answer: str, problem: str) -> str:
    return f"{answer} {problem}; Esc to leave" if answer else "enter a path, or press Esc to leave"
