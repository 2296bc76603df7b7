"""What experiments, datasets, templates, documents and actions may be called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qanat.errors import InputInvalid

NAME_MAX = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\Z")


def name_problem(name: str) -> str:
    """Say why name cannot be used, or give an empty string when it can.

    Names become file names and words on a command line, so they are plain: ASCII letters, digits
    and `. _ + -`, beginning with a letter or a digit, at most 100 characters.
    """
    if not name:
        return "is empty"
    if len(name) > NAME_MAX:
        return f"is longer than {NAME_MAX} characters"
    if not _NAME.match(name):
        return "may hold only the letters a-z A-Z, digits and . _ + -, and begins with a letter or a digit"
    return ""


def check_name(kind: str, name: str) -> str:
    """Give name back when it can be used for a kind of thing ("experiment"); raise InputInvalid otherwise."""
    if problem := name_problem(name):
        raise InputInvalid(f"{kind} name {name!r} {problem}", hint="choose another name, such as summary_iris")
    return name


def check_text(text: str) -> str:
    """Give a text back when a file can hold it; raise InputInvalid for one with bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputInvalid(f"{text!r} is not UTF-8", hint="a record holds only UTF-8 text") from None
    return text


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """List up to count names out of known that look most like name, best first."""
    import difflib  # 5 ms, and only a mistake needs it

    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)
