"""Refusing what looks like a secret before it is recorded in git; the message does not repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from qanat.domain import secret_shapes, secrets
from qanat.domain.key_path import dotted
from qanat.domain.redaction import redacted
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

ALLOW = "--allow-secrets"


def check_groups(groups: Iterable[Sequence[str]]) -> None:
    """Raise UsageError for an argument of a program that looks like a secret."""
    # The groups of a sweep have most of their arguments in common.
    pairs = dict.fromkeys(pair for args in groups for pair in pairwise(("", *args)))
    possible = secret_shapes.possible_in("\n".join({argument for _, argument in pairs}))
    for before, argument in pairs:
        for found in secrets.in_argument(before, argument, possible):
            if found.name:
                raise _refused(f"{found.what} looks like a secret")
            option = f" of {quoted(before)}" if before.startswith("-") else ""
            raise _refused(f"the value{option or ' of an argument'} looks like {found.what}")


def check_text(where: str, text: str) -> None:
    """Raise UsageError for a text that contains what looks like a secret; `where` names its option."""
    for found in secrets.in_string(text):
        raise _refused(f"{where} contains what looks like {found.what}", environment=False)


def check_content(where: str, content: Mapping[str, Any]) -> None:
    """Raise UsageError for values of a definition that look like a secret; `where` names the definition."""
    for place, _, found in secrets.in_values(content):
        what = "a secret" if found.name else found.what
        raise _refused(f"{where}: {dotted(place)} contains what looks like {what}")


def _refused(sentence: str, *, environment: bool = True) -> UsageError:
    instead = "set it in the environment of the program" if environment else "remove it"
    return UsageError(
        f"{redacted(sentence)}, and would be recorded in git", hint=f"{instead}, or record it anyway with {ALLOW}"
    )
