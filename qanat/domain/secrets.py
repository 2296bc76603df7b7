"""Recognising what looks like a password or a token: in text, under a key, or as the value of an option.

A value that only says where the secret is (`$TOKEN`, `${{ secrets.TOKEN }}`, a path) or that stands for one
(`<token>`, `changeme`) passes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from qanat.domain.key_path import KeyPath

# Forms that can be recognised by design: a name, a text that each one contains, the pattern.
_SHAPES = [
    (what, sign, re.compile(form))
    for what, sign, form in (
        ("a private key", "PRIVATE KEY", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"),
        ("a GitHub token", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36}"),
        ("a GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{50}"),
        ("a GitLab token", "gl", r"\bgl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20}"),
        ("an AWS access key", "AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
        ("an AWS access key", "ASIA", r"\bASIA[A-Z0-9]{16}\b"),
        ("a Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10}"),
        ("a Slack address", "hooks.slack.com", r"hooks\.slack\.com/services/T\w{1,20}/B\w{1,20}/\w{10}"),
        ("a Google key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30}"),
        ("an API key", "sk-", r"(?<![\w-])sk-[A-Za-z0-9_-]{0,20}[A-Za-z0-9]{20}"),
        ("an API key", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20}"),
        ("a package index's token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50}"),
        ("a package index's token", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
        ("a JSON web token", "eyJ", r"(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10}"),
        ("a bearer token", "earer ", r"\b[Bb]earer +(?P<value>[A-Za-z0-9._~+/-]{20,})"),
        ("a password in a URL", "://", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{0,100}:(?P<value>[^\s/:@'\"]{1,200})@"),
    )
]

_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd"})
_TOKENS = frozenset({"token", "secret", "credential", "credentials", "apikey"})
# A key called just `key` may sort a table; with one of these in its name it is one that opens something.
_KINDS_OF_KEY = frozenset({"api", "access", "secret", "private", "auth", "encryption", "ssh", "signing", "account"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PAIR = re.compile(r"(?:^|(?<=[\s,;'\"|]))(?P<name>-{0,2}[A-Za-z_][\w.-]{0,80})=(?P<value>[^\s,;'\"|]+)")
_OPTION = re.compile(r"--?[A-Za-z][\w.-]{0,80}\Z")

_REFERENCE = re.compile(r"\$|%\w+%|env[:(]|(?:file|path):|[~.]{0,2}/|@", re.IGNORECASE)
_NAME_OF_VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)+\Z")
_PLACEHOLDER = re.compile(
    r"[<\[{(].*[>\]})]\Z|[*x.…?_-]+\Z|(?:none|null|true|false|yes|no|auto|default|todo|secret|password|token)\Z"
    r"|.*(?:example|change.?me|placeholder|redacted|your[-_ ]|dummy)",
    re.IGNORECASE | re.DOTALL,
)
_ALLOWED = "allow-secret:"
_HINTS = ("pass", "pwd", "token", "secret", "credential", "key")
NAME_MAX = 200
RANDOM_MIN = 16
_BITS_MIN = 3.0  # per character: random hexadecimal digits have 3.3 in 16 characters, English text 2.5 to 3


def in_text(text: str) -> Iterator[tuple[int, str]]:
    """Yield what has the form of a secret in a text: its line, counted from 1, and its name."""
    for what, sign, form in _SHAPES:
        line, counted = 1, 0
        for match in form.finditer(text) if sign in text else ():
            line, counted = line + text.count("\n", counted, match.start()), match.start()
            is_made_up = "example" in match[0].lower()
            if not is_made_up and not ("value" in form.groupindex and _is_reference(match["value"])):
                yield line, what


def may_name_secret(text: str) -> bool:
    """Return whether a text contains part of a name that in_content() would check."""
    lower = text.lower()  # ten times faster than a pattern that ignores case
    return any(hint in lower for hint in _HINTS)


def in_content(content: Any) -> Iterator[tuple[KeyPath, str]]:
    """Yield the place of each secret in a file's values, with the name that gives it away."""
    yield from _walk((), content)


def allowance(line: str) -> str | None:
    """Return the reason why a line may contain what looks like a secret; None if it gives none."""
    before, mark, reason = line.partition(_ALLOWED)
    is_comment = "#" in before or "<!--" in before
    return reason.strip().removesuffix("-->").strip() if mark and is_comment else None


def _walk(place: KeyPath, value: Any) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str | int) and _is_secret(str(key), inner):
                yield (*place, key), str(key)
            else:
                yield from _walk((*place, key), inner)
    elif isinstance(value, list):
        yield from _in_arguments(place, value)
    elif isinstance(value, str):
        yield from ((place, name) for name in _in_string(value))


def _in_arguments(place: KeyPath, arguments: list[Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the secrets in a list that may be a command line, where an option is followed by its value."""
    for i, argument in enumerate(arguments):
        before = arguments[i - 1] if i else None
        if isinstance(before, str) and isinstance(argument, str) and _gives_secret(before, argument):
            yield (*place, i), before
        else:
            yield from _walk((*place, i), argument)


def _in_string(text: str) -> Iterator[str]:
    """Yield the names in a text that have a secret: NAME=value, --name=value, --name value."""
    for match in _PAIR.finditer(text):
        if _is_secret(match["name"], match["value"], strict=match["name"].startswith("-")):
            yield match["name"]
    parts = text.split()
    yield from (name for name, value in pairwise(parts) if _gives_secret(name, value))


def _gives_secret(option: str, value: str) -> bool:
    return bool(_OPTION.match(option)) and _is_secret(option, value, strict=True)


def _is_secret(name: str, value: str | int, *, strict: bool = False) -> bool:
    """Return whether its name makes a value a secret; with `strict`, tokens must also look random.

    Programs have options called --pad-token and the like, whose values are plain text.
    """
    kind = _kind(name)
    if not kind or isinstance(value, bool) or not str(value).strip() or _is_reference(str(value)):
        return False
    if kind == "password":
        return True
    return isinstance(value, str) and (is_random(value) if strict else not _is_number(value))


@lru_cache(4096)
def _kind(name: str) -> str:
    """Return what a name says about its value: `password`, `token`, or an empty text for neither."""
    if len(name) > NAME_MAX or not may_name_secret(name):
        return ""
    words = [word.lower() for word in _WORD.findall(name)]
    if words[-1] in _PASSWORDS:
        return "password"
    is_key = words[-1] == "key" and len(words) > 1 and words[-2] in _KINDS_OF_KEY
    return "token" if words[-1] in _TOKENS or is_key else ""


def _is_reference(value: str) -> bool:
    """Return whether a value only says where a secret is, or stands for one."""
    value = value.strip().strip("'\"")
    return bool(
        _REFERENCE.match(value) or _NAME_OF_VARIABLE.match(value) or _PLACEHOLDER.match(value) or _is_path(value)
    )


def _is_path(value: str) -> bool:
    """Return whether a value is a relative path without random-looking parts: secrets/token.txt."""
    parts = value.split("/")
    return (len(parts) > 1 or bool(re.search(r"\w\.[a-z]{1,5}\Z", value))) and not any(map(is_random, parts))


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?", value))


def is_random(value: str) -> bool:
    """Return whether a value looks random: long, letters and digits mixed, and with enough entropy."""
    if len(value) < RANDOM_MIN or any(c.isspace() for c in value):
        return False
    if not any(c.isdigit() for c in value) or not any(c.isalpha() for c in value):
        return False
    counts = Counter(value[:200])
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values()) >= _BITS_MIN
