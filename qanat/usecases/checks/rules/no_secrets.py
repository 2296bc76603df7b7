"""The rule no-secrets: no file of `.qanat/` contains what looks like a password or a token."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from qanat.domain import secrets
from qanat.domain.findings import Finding
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import RUNS
from qanat.domain.secret_names import may_name_secret
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.git import staged
from qanat.records import yaml_io
from qanat.usecases.checks.rule import Rule, is_in_state
from qanat.usecases.checks.scope import Scope

ID = "no-secrets"
FOUND_MAX = 20
LOOKED_AT_BYTES_MAX = 5_000_000  # of a file of code
_ALLOW = "if it is not a secret, end the line with # allow-secret: REASON"


def check(scope: Scope, names: Sequence[str]) -> list[Finding]:
    """List what looks like a secret in the files among these that are below `.qanat/`."""
    inside = list(filter(is_in_state, names))
    entries = scope.state.entries(inside) if inside else {}
    plain = [e for e in entries.values() if e.mode not in (staged.LINK, staged.SUBMODULE)]
    paths: dict[str, list[str]] = {}
    for entry in plain:
        paths.setdefault(entry.blob, []).append(entry.path)
    contents = staged.contents(scope.location, paths, yaml_io.FILE_BYTES_MAX)
    return [finding for blob, data in contents for finding in _in_copies(paths[blob], data)]


def in_file(path: str, data: bytes) -> Iterator[Finding]:
    """Yield what looks like a secret in a file with these bytes."""
    text = data.decode("utf-8", "replace")
    in_values = _in_values(path, data, text) if _is_yaml(path) else ()
    yield from _findings(path, text, dict.fromkeys((*secrets.in_text(text), *in_values)))


def _in_copies(paths: Sequence[str], data: bytes) -> Iterator[Finding]:
    """Yield what looks like a secret in files that all have these bytes, which are searched once."""
    text = data.decode("utf-8", "replace")
    of_form = list(secrets.in_text(text))
    first_readable = next(filter(_is_yaml, paths), None)
    in_values = list(_in_values(first_readable, data, text)) if first_readable else []
    for path in paths:
        found = dict.fromkeys((*of_form, *(in_values if _is_yaml(path) else ())))
        yield from islice(_findings(path, text, found), FOUND_MAX)


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _findings(path: str, text: str, found: Collection[tuple[int, str]]) -> Iterator[Finding]:
    """Yield the findings about these lines of a file, except where a comment allows them."""
    lines = text.split("\n") if found else []
    told = set()
    for line, what in sorted(found):
        here = lines[line - 1] if line <= len(lines) else ""
        reasons = [secrets.allowance(here), secrets.allowance(lines[line - 2]) if line > 1 else None]
        if any(reasons) or line in told:
            continue
        told.add(line)
        if "" in reasons:
            yield Finding(path, line, ID, "allow-secret needs a reason", "state why it is not a secret")
        else:
            yield Finding(path, line, ID, f"this looks like {what}", _remedy(path))


def _in_values(path: str, data: bytes, text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a YAML file, if it can be read, with a value that its name makes a secret."""
    if not may_name_secret(text):
        return
    lines: dict[KeyPath, int] = {}
    try:
        content = yaml_io.load(data, path, lines=lines)
    except InputInvalid:
        return
    for place, name in islice(secrets.in_content(content), FOUND_MAX):
        yield yaml_io.line_of(lines, place), f"the value of {quoted(name)}"


def _remedy(path: str) -> str:
    if path.startswith(f"{RUNS}/"):
        return f"revoke it, and use a variable or a file instead; {_ALLOW}"
    return f"use a variable ($TOKEN) or a file instead; {_ALLOW}"


RULE = Rule(
    ID,
    refuses="what looks like a password or a token in a file of .qanat/",
    check=check,
    takes=is_in_state,
)
