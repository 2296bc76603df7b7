"""Prompts; the only module that uses questionary.

Every question can be left: by Escape, Ctrl-C or Ctrl-D, and by q where no text is typed. Every question has an option
that answers it, which is named in the error where there is no terminal, and says what an empty answer means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from qanat.cli.terminal.output import brief, is_terminal
from qanat.errors import UsageError

SHOWN_MAX = 500
# How long a key may follow Escape and still belong to it.
ESCAPE_S = 0.1
_CHECK = "(↑ ↓, space to select, a for all, Enter; q or Esc: leave)"
_WITHOUT_TEXT = ("confirm", "checkbox")
DEFAULT_MAX = 5_000
Check = Callable[[str], str]
"""Returns what is wrong with an answer, or an empty string."""


def no_check(_answer: str) -> str:
    """Accept any answer."""
    return ""


def text(question: str, *, option: str, default: str = "", check: Check = no_check) -> str:
    """Ask for a line of text, which is checked as it is typed."""
    return str(_ask("text", question, option, default=_short(default, option), validate=_validator(check))).strip()


def path(question: str, *, option: str, default: str = "", check: Check = no_check) -> str:
    """Ask for a path, with completion."""
    return str(_ask("path", question, option, default=_short(default, option), validate=_validator(check))).strip()


def confirm(question: str, *, option: str, default: bool = False) -> bool:
    """Ask a yes/no question."""
    return bool(_ask("confirm", question, option, default=default))


def choose(question: str, choices: Sequence[tuple[str, str]], *, option: str) -> str:
    """Ask for one of several (title, value) pairs, and return its value; q and Escape abort."""
    need_terminal(option, question)
    import questionary

    shown = [questionary.Choice(_shown(title), value=value) for title, value in choices]
    asked = questionary.select(_shown(question), choices=shown, instruction="(↑ ↓ Enter; q or Esc: back)")
    bindings: Any = asked.application.key_bindings
    for key in ("q", "escape"):
        bindings.add(key, eager=True)(lambda event: event.app.exit(result=None))
    return str(_answer(asked))


def check_some(
    question: str, choices: Sequence[tuple[str, str]], *, option: str, chosen: Sequence[str] = ()
) -> list[str]:
    """Ask for any number of choices, and return their values in the order of the list."""
    return list(_ask("checkbox", question, option, choices=_choices(choices, chosen), instruction=_CHECK))


def _choices(choices: Sequence[tuple[str, str]], chosen: Sequence[str]) -> list[Any]:
    import questionary

    return [questionary.Choice(_shown(title), value=value, checked=value in chosen) for title, value in choices]


def _validator(check: Check) -> Callable[[str], bool | str]:
    return lambda answer: check(answer.strip()) or True


def need_terminal(instead: str, question: str = "") -> None:
    """Raise UsageError without a terminal, with the options to use instead of answering the question."""
    if not is_terminal():
        raise UsageError(
            f"cannot prompt without a terminal{f': {question}' if question else ''}", hint=f"use {instead}"
        )


def _ask(kind: str, question: str, option: str, **details: Any) -> Any:
    need_terminal(option, question)
    # Importing questionary takes 0.1 s.
    import questionary

    asked = getattr(questionary, kind)(_shown(question), **details)
    if kind in _WITHOUT_TEXT:
        _let_q_leave(asked.application)
    return _answer(asked)


def _shown(text: str) -> str:
    """Return a text as a prompt shows it: on one line, with nothing that acts on a terminal."""
    return brief(text, SHOWN_MAX)


def _short(default: str, option: str) -> str:
    """Return a default. Raises UsageError for one that no prompt has room for."""
    if len(default) > DEFAULT_MAX:
        raise UsageError(f"a text of {len(default):,} characters cannot be edited in a prompt", hint=f"use {option}")
    return default


def _let_q_leave(application: Any) -> None:
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    own = KeyBindings()
    own.add("q", eager=True)(lambda event: event.app.exit(result=None))
    application.key_bindings = merge_key_bindings([application.key_bindings or KeyBindings(), own])


def _add_keys(application: Any) -> None:
    """Let Escape leave, and ignore what looks like a mouse, for which prompt_toolkit may show a traceback.

    Pasted colours begin with an Escape, too, but more keys follow at once.
    """
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
    from prompt_toolkit.keys import Keys

    own = KeyBindings()
    own.add(Keys.Vt100MouseEvent, eager=True)(lambda _: None)
    own.add(Keys.Escape)(lambda event: None if event.app.key_processor.input_queue else event.app.exit(result=None))
    application.key_bindings = merge_key_bindings([application.key_bindings or KeyBindings(), own])


def _answer(asked: Any) -> Any:
    return answer_to(asked.application, asked.unsafe_ask)  # ask() would print a line of its own about Ctrl-C


def answer_to(application: Any, ask: Callable[[], Any]) -> Any:
    """Return the answer of an application of prompt_toolkit; Escape, Ctrl-C and Ctrl-D abort."""
    _add_keys(application)
    application.timeoutlen = application.ttimeoutlen = ESCAPE_S
    try:
        answer = ask()
    except (EOFError, KeyboardInterrupt):
        answer = None
    if answer is None:
        raise click.Abort
    return answer
