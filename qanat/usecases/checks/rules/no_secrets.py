"""The rule no-secrets: no file of `.qanat/` contains what looks like a password or a token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from qanat.domain import secrets
from qanat.domain.findings import Finding
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import RUNS
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
    return [f for blob, data in contents for path in paths[blob] for f in islice(in_file(path, data), FOUND_MAX)]


def in_file(path: str, data: bytes) -> Iterator[Finding]:
    """Yield what looks like a secret in a file with these bytes."""
    text = data.decode("utf-8", "replace")
    found = dict.fromkeys((*secrets.in_text(text), *_in_values(path, data, text)))
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
    """Yield the lines of a readable YAML file with a value that its name makes a secret."""
    if not path.endswith((".yaml", ".yml")) or not secrets.may_name_secret(text):
        return
    lines: dict[KeyPath, int] = {}
    try:
        content = yaml_io.load(data, path, lines=lines)
    except InputInvalid:
        return
    for place, name in islice(secrets.in_content(content), FOUND_MAX):
        yield yaml_io.line_of(lines, place), f"the value of {name[:80]!r}"


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
