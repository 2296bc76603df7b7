"""Recognising what looks like a password or a token: in text, under a key, or as the value of an option.

A value that only says where the secret is (`$TOKEN`, `${{ secrets.TOKEN }}`, a path) or that stands for one
(`<token>`, `changeme`) passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from qanat.domain import secret_shapes
from qanat.domain.key_path import KeyPath
from qanat.domain.randomness import JUDGED_MAX, is_mixed, is_random, is_random_base64
from qanat.domain.secret_names import Kind, kind_of_name, may_name_secret
from qanat.domain.shortening import quoted

# Patterns are compiled, and kept, by `re` when they are first used: most commands find no name of a secret.
_NAME = r"[-+~]{0,2}[A-Za-z_][\w./-]{0,80}"
# NAME=value, --name=value, ?name=value&…; the value is read from where the match ends.
_PAIR = rf"(?:^|(?<=[\s,;'\"|?&({{\[=]))(?P<name>{_NAME})[ \t]{{0,3}}=(?!=)[ \t]{{0,3}}"
# A password may contain what separates other values.
_UP_TO_SPACE = r"\"(?P<q>[^\"]{1,1000})\"|'(?P<s>[^']{1,1000})'|(?P<value>[^\s'\"]{1,1000})"
_VALUE = r"\"(?P<q>[^\"]{1,1000})\"|'(?P<s>[^']{1,1000})'|(?P<value>[^\s'\",;|&]{1,4000}|<\|[^\s>]{1,80}>)"
# "name": "value" of JSON, also escaped; a name and a colon, as in a header or in prose.
_QUOTED = r"\"(?P<name>[A-Za-z_][\w.-]{0,80})\\?\"\s{0,3}:\s{0,3}\\?\"(?P<value>[^\"\\]{1,4000})"
_HEADER = r"(?:^|(?<=[\s,;'\"({=]))(?P<name>-{0,2}[A-Za-z_][\w.-]{0,80})'?:\s{0,3}'?(?P<value>[^\s,;'\"}]+)"
_OPTION = r"[-+]{1,2}[A-Za-z][\w.-]{0,80}\Z"
_REST = r"[\w.~+/=%-]*"
_KEY_BLOCK = r"-----BEGIN [^-]{0,60}-----(?:[^-]|-(?!----END))*(?:-----END[^-]{0,60}-----)?"

_REFERENCE = r"(?is)\$(?:\w+|\{.*|\(.*)(?:[/:].*)?\Z|%\w+%|env[:(]|(?:file|path|vault|secret|ssm|arn|keyring):|[~.]{0,2}/|@|[a-z][a-z0-9+.-]{1,20}://"
_NAME_OF_VARIABLE = r"[A-Z]+(?:_[A-Z0-9]+)+\Z"
_PLACEHOLDER = (
    r"(?is)[<\[{(].*[>\]})]\Z|[*x.…?_-]+\Z|(?:none|null|true|false|yes|no|auto|default|todo|secret|password|token)\Z"
)
_STANDS_FOR = r"(?i)example|change.?me|placeholder|redacted|your[-_ ]|dummy"
_NUMBER = r"[-+]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?\Z"
_DATE_OR_VERSION = (
    r"[0-9]{8}T[0-9]{4,6}Z?\Z|[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?:[T _].*)?\Z|v?[0-9]++(?:\.[0-9]++)++[\w.+-]{0,20}\Z"
)
_HASH = r"[0-9a-f]+\Z|[0-9A-F]+\Z|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"
_LOGIN = r"[\w.@+-]{1,80}:(?P<password>[^\s/:][^\s/]{2,200})\Z"
_CODE_MIN = 7
_METHODS = frozenset(
    {"ed25519", "sha256", "sha512", "aes256", "kerberos5", "krb5", "oauth10a", "oauth20", "base64", "hs256"}
)
_USER_OPTIONS = ("-u", "--user")  # as curl has them
_FILE = (
    r"\w\.(?:txt|json|ya?ml|toml|env|key|pem|crt|cert|cfg|ini|conf|netrc|gpg|asc|enc|csv|dat|bin|p12|pfx|pub|token"
    r"|secret|py|sh)\Z"
)
_SEPARATOR = r"[-_.=]"
_ALLOWED = "allow-secret:"
_INSIDE_MAX = 20


class Secret(NamedTuple):
    """What looks like a secret in a text: where, what it is, and the name that gives it away ('' for its form)."""

    start: int
    end: int
    what: str
    name: str = ""


def in_text(text: str) -> Iterator[tuple[int, str]]:
    """Yield what has the form of a secret in a text: its line, counted from 1, and what it is."""
    line, counted = 1, 0
    for found in _of_form(text):
        line, counted = line + text.count("\n", counted, found.start), found.start
        yield line, found.what


def in_content(content: Any) -> Iterator[tuple[KeyPath, str]]:
    """Yield the place of each secret in a file's values, with the name that gives it away."""
    yield from _walk((), content)


def in_values(content: Any) -> Iterator[tuple[KeyPath, str, Secret]]:
    """Yield the secrets in a file's values, by their names or by their form: the place of each, and the text there."""
    for place, text, name in _texts((), content, ""):
        named = bool(name) and (_gives_secret(name, text) if name.startswith("-") else _is_secret(name, text))
        for found in [_by_name(name, 0, text)] if named else in_string(text):
            yield place, text, found


def in_argument(before: str, argument: str, possible: Sequence[int] | None = None) -> list[Secret]:
    """List the secrets in an argument that follows another one, which may be its option; `possible` as in find()."""
    if _gives_secret(before, argument):
        return [_by_name(before, 0, argument)]
    return in_string(argument, possible)


def in_string(text: str, possible: Sequence[int] | None = None) -> list[Secret]:
    """List the secrets in a text, by their form or by their names, in their order; `possible` as in find()."""
    if len(text) < secret_shapes.SHORTEST and "=" not in text and ":" not in text:
        return []
    named = may_name_secret(text)
    return sorted([*_of_form(text, possible), *(_named(text) if named else ())])


def has_form(text: str) -> bool:
    """Return whether a text contains something with the form of a secret."""
    return next(_of_form(text), None) is not None


def allowance(line: str) -> str | None:
    """Return the reason why a line may contain what looks like a secret; None if it gives none."""
    before, mark, reason = line.partition(_ALLOWED)
    is_comment = "#" in before or "<!--" in before
    return reason.strip().removesuffix("-->").strip() if mark and is_comment else None


def _of_form(text: str, possible: Sequence[int] | None = None) -> Iterator[Secret]:
    """Yield what has the form of a secret, in its order, each part of the text once."""
    end = 0
    for shape in sorted(secret_shapes.find(text, possible), key=lambda shape: shape.start):
        if shape.start < end or (shape.may_be_reference and _is_reference(shape.value)):
            continue
        rest = re.compile(_KEY_BLOCK).match(text, shape.start) or re.compile(_REST).match(text, shape.end)
        end = max(shape.end, rest.end() if rest else 0)
        yield Secret(shape.start, end, shape.what)


def _walk(place: KeyPath, value: Any) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str | int) and _is_secret(str(key), inner):
                yield (*place, key), str(key)
            else:
                yield from _walk((*place, key), inner)
    elif isinstance(value, list):
        yield from _in_list(place, value)
    elif isinstance(value, str) and may_name_secret(value):
        yield from ((place, found.name) for found in _named(value))


def _texts(place: KeyPath, value: Any, name: str) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield the texts and numbers in a value, each with its place and its name: the key, or the argument before it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts((*place, key), inner, str(key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            before = value[i - 1] if i else ""
            is_option = isinstance(before, str) and before.startswith(("-", "+"))
            yield from _texts((*place, i), inner, before if is_option else "")
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield place, str(value), name


def _in_list(place: KeyPath, arguments: list[Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the secrets in a list that may be a command line."""
    for i, argument in enumerate(arguments):
        before = arguments[i - 1] if i else None
        if isinstance(before, str) and isinstance(argument, str) and _gives_secret(before, argument):
            yield (*place, i), before
        else:
            yield from _walk((*place, i), argument)


def _named(text: str) -> Iterator[Secret]:
    """Yield what is a secret by its name in a text: NAME=value, --name value, "name": "value", Name: value."""
    end = outer_end = inside = 0
    for pair in re.finditer(_PAIR, text):
        name, start = pair["name"], pair.end()
        if start < end or not kind_of_name(name):
            continue
        # A value may contain pairs of its own, but thousands of them would each be read to its end.
        inside = inside + 1 if start < outer_end else 0
        if inside > _INSIDE_MAX:
            continue
        form = _UP_TO_SPACE if kind_of_name(name) is Kind.PASSWORD else _VALUE
        match = re.compile(form).match(text, start)
        value = match[match.lastgroup or 0] if match else ""
        if match and not inside:
            outer_end = match.end()
        if match and _is_secret(name, value, strict=not name.isupper()):
            end = match.end()
            yield _by_name(name, match.start(match.lastgroup or 0), value)
    for pattern in (_QUOTED, _HEADER):
        for match in re.finditer(pattern, text):
            in_prose = pattern is _HEADER
            if _is_secret(match["name"], match["value"], strict=in_prose, in_prose=in_prose):
                yield _by_name(match["name"], match.start("value"), match["value"])
    for option, value in pairwise(re.finditer(r"\S+", text)):
        if _gives_secret(option[0], value[0]):
            yield _by_name(option[0], value.start(), value[0])


def _by_name(name: str, start: int, value: str) -> Secret:
    return Secret(start, start + len(value), f"the value of {quoted(name)}", name)


def _gives_secret(option: str, value: str) -> bool:
    if option in _USER_OPTIONS and (login := re.match(_LOGIN, value)):
        return is_mixed(login["password"])
    return option[:1] in ("-", "+") and _is_secret(option, value, strict=True) and bool(re.match(_OPTION, option))


def _is_secret(name: str, value: str | int, *, strict: bool = False, in_prose: bool = False) -> bool:
    """Return whether its name makes a value a secret.

    With `strict`, as for options, tokens must look like one; `in_prose`, passwords must, too.
    """
    kind = kind_of_name(name)
    if kind is Kind.NOTHING or isinstance(value, bool):
        return False
    text = str(value)[:JUDGED_MAX].strip()
    if not text or _is_reference(text):
        return False
    if kind is Kind.PASSWORD:
        return not in_prose or _is_password(text)
    if not isinstance(value, str) or re.match(_NUMBER, text) or re.match(_DATE_OR_VERSION, text):
        return False
    match kind:
        case Kind.TOKEN:
            return not strict or is_random(text) or is_random_base64(text) or _looks_like_token(text)
        case Kind.PASS:
            is_structured = bool(re.match(_HASH, text)) or len(re.findall(_SEPARATOR, text)) > 2
            is_plain = (
                _is_password(text) if "pass" in name.lower() else _has_signs(text) or is_random(text, part_min=12)
            )
            return is_plain and not is_structured
        case Kind.LOGIN:
            login = re.match(_LOGIN, text)
            return is_random(text) or _is_code(text) or bool(login and not login["password"].isdigit())
        case Kind.HASH:
            return is_random(text, part_min=20) and not re.match(_HASH, text)
        case _:
            return is_random(text) or is_random_base64(text) or is_mixed(text, length=10)


def _looks_like_token(text: str) -> bool:
    return is_mixed(text) or _is_code(text) or bool(re.match(_HASH, text) and len(text) >= 16 and not text.isalpha())


def _is_code(text: str) -> bool:
    """Return whether a value is letters and digits in one piece, or with signs, and not a method such as ed25519."""
    if len(text) < _CODE_MIN or text.lower() in _METHODS or any(c.isspace() or c == "/" for c in text):
        return False
    has_both = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    return has_both and (text.isalnum() or _has_signs(text))


def _is_password(text: str) -> bool:
    """Return whether a value is neither a word nor a number: letters and digits, or signs, at least six of them."""
    has_digit, has_letter = any(c.isdigit() for c in text), any(c.isalpha() for c in text)
    return len(text) >= 6 and "/" not in text and has_letter and (has_digit or _has_signs(text))


def _has_signs(text: str) -> bool:
    """Return whether a value has the signs that passwords are asked for, which names do not have."""
    return len(text) >= 6 and any(c in "!@#$%^&*?+~" for c in text) and any(c.isalpha() for c in text)


def _is_reference(value: str) -> bool:
    """Return whether a value only says where a secret is, or stands for one."""
    value = value[:JUDGED_MAX].strip().strip("'\"")
    return not is_random_base64(value) and bool(
        re.match(_REFERENCE, value)
        or re.match(_NAME_OF_VARIABLE, value)
        or re.match(_PLACEHOLDER, value)
        or re.search(_STANDS_FOR, value)
        or _is_path(value)
    )


def _is_path(value: str) -> bool:
    """Return whether a value is a relative path without random-looking parts: secrets/token.txt."""
    parts = value.split("/")
    return (len(parts) > 1 or bool(re.search(_FILE, value))) and not any(map(is_random, parts))
