"""Putting the page together: one HTML file that loads nothing, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib.resources import files

from qanat.domain.visible import escaped

FIRST = "main.js"
_IMPORT = re.compile(r"^import \{[^}]*\} from '\./([a-z_]+\.js)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)
_MARK = re.compile(r"\{\{([a-z]+)\}\}")


def page(data: str, title: str, *, live: int = 0) -> str:
    """Return the page that shows data, which is a JSON text; the title is any text.

    A `live` page follows the stream of its server, from the content with this number on.
    """
    style, program = _text("style.css"), script()
    parts = {
        "policy": policy(program, style, live=bool(live)),
        "live": str(live or ""),
        "title": html.escape(escaped(title)),
        "style": style,
        "script": program,
        # No `</script>` or `<!--` in it ends the element; to a JSON parser, nothing changes.
        "data": data.replace("<", r"\u003c"),
    }
    return _MARK.sub(lambda mark: parts[mark[1]], _text("page.html"))


def script() -> str:
    """Return the modules as one, each after those that it imports.

    They share one scope then, so that no two of them may use a name for different things.
    """
    found: dict[str, str] = {}
    _collect(FIRST, found)
    return "".join(found.values())


def policy(program: str, style: str, *, live: bool = False) -> str:
    """Return the content security policy: this script, this style, images that are in the page, and nothing else.

    A live page may also connect to its own server.
    """
    sources = {"script-src": _hash(program), "style-src": _hash(style), "img-src": "data:"}
    sources |= {"connect-src": "'self'"} if live else {}
    rules = [f"{name} {source}" for name, source in sources.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def _collect(name: str, found: dict[str, str]) -> None:
    if name in found:
        return
    text = _text(name)
    for imported in _IMPORT.findall(text):
        _collect(imported, found)
    found[name] = _EXPORT.sub("", _IMPORT.sub("", text))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (files("qanat.web") / name).read_text(encoding="utf-8")
