"""Valid names for experiments, datasets, templates, documents and actions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid

NAME_MAX = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")


def name_problem(name: str) -> str:
    """Return why name is invalid, or an empty text if it is valid.

    Names become file names and arguments on a command line, so they are plain: ASCII letters, digits
    and `. _ + -`, beginning with a letter or a digit, at most 100 characters.
    """
    if not name:
        return "is empty"
    if len(name) > NAME_MAX:
        return f"is longer than {NAME_MAX} characters"
    if not _NAME.match(name):
        return "may contain only letters a-z A-Z, digits and . _ + -, and must begin with a letter or digit"
    return ""


def check_name(kind: str, name: str) -> str:
    """Return name if it is valid for a kind of thing ("experiment"). Raises InputInvalid otherwise."""
    if problem := name_problem(name):
        raise InputInvalid(f"{kind} name {quoted(name)} {problem}", hint="choose another name, such as summary_iris")
    return name


def made_name(text: str, otherwise: str) -> str:
    """Return a valid name like this text; `otherwise` if nothing of it can be in one."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", text).lstrip("._+-")[:NAME_MAX] or otherwise


def check_text(text: str, what: str = "", hint: str = "records contain UTF-8 only") -> str:
    """Return text if a record can hold it; `what` it is begins the message otherwise, such as "the argument".

    Raises InputInvalid if it contains bytes that are not UTF-8, or a null character.
    """
    begin = f"{what} {quoted(text)}".lstrip()
    if "\0" in text:
        raise InputInvalid(f"{begin} contains a null character", hint="remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputInvalid(f"{begin} is not UTF-8", hint=hint) from None
    return text


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """List up to count of the known names that look most like name, best first."""
    import difflib  # 5 ms, and only a mistake needs it

    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)
