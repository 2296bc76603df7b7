"""Putting the page together: one HTML file, or a folder, that loads nothing else, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from qanat.domain.json_text import to_json
from qanat.domain.visible import escaped, escaped_json

FIRST = "main.js"
INDEX = "index.html"
# Any page may put one on disk, or on a server, into a frame; only that of the same report knows the key.
_HAND_OVER = "if (location.hash === '#{key}') parent.postMessage(document.getElementById('data').textContent, '*');"
NONE: Mapping[str, bytes] = MappingProxyType({})
_IMPORT = re.compile(r"^import \{[^}]*\} from '\./([a-z_]+\.js)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)
_MARK = re.compile(r"\{\{([a-z]+)\}\}")


def page(data: str, title: str, *, live: int = 0, images: Mapping[str, bytes] = NONE) -> str:
    """Return the page that shows data, which is a JSON text; the title is any text.

    `images` are those that are in the page, by what figures call them. A `live` page gets them from its server, and
    follows its stream, from the content with this number on.
    """
    sources = {"img-src": "data: 'self'", "connect-src": "'self'"} if live else {"img-src": "data:"}
    parts = {"live": str(live), "figures": "beside"} if live else {}
    return _page(title, sources, {**parts, "data": _in_page(data), "images": _in_page(_encoded(images))})


def folder(content: Mapping[str, Any], title: str, drawings: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a folder that has the page and, beside it, its data, its curves, and figures in `figures/`.

    Drawings in SVG are among the data, since a browser would run the scripts of one that is opened by itself.
    """
    own, key = "'self' file:", secrets.token_urlsafe(16)
    sources = {"img-src": f"data: {own}", "frame-src": own}
    texts = {
        "images.html": _part(_encoded(drawings), key),
        "curves.html": _part(to_json(_curves_in(content)), key),
        "data.html": _part(to_json(_without_curves(content)), key),
        INDEX: _page(title, sources, {"figures": "beside", "key": key}),
    }
    return {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}


def _page(title: str, sources: Mapping[str, str], parts: Mapping[str, str]) -> str:
    style, program = _text("style.css"), script()
    found = {
        "policy": policy(program, {"style-src": _hash(style), **sources}),
        "title": html.escape(escaped(title)),
        "style": style,
        "script": program,
        **parts,
    }
    return _MARK.sub(lambda mark: found.get(mark[1], ""), _text("page.html"))


def _part(data: str, key: str) -> str:
    """Return a page that hands data, a JSON text, to the page that has it in a frame and knows the key."""
    program = _HAND_OVER.format(key=key)
    parts = {"policy": policy(program, {}), "data": _in_page(escaped_json(data)), "script": program}
    return _MARK.sub(lambda mark: parts[mark[1]], _text("part.html"))


def _curves_in(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the points of curves by the ids of runs and the numbers of groups."""
    found = {
        run["id"]: {str(group["number"]): group["series"] for group in run["groups"] if "series" in group}
        for run in content["runs"]
    }
    return {run: curves for run, curves in found.items() if curves}


def _without_curves(content: Mapping[str, Any]) -> dict[str, Any]:
    def without(group: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in group.items() if key != "series"}

    return {**content, "runs": [{**run, "groups": list(map(without, run["groups"]))} for run in content["runs"]]}


def _in_page(data: str) -> str:
    """Return a JSON text in which no `</script>` or `<!--` ends the element; to a parser, it is the same."""
    return data.replace("<", r"\u003c")


def _encoded(images: Mapping[str, bytes]) -> str:
    return json.dumps({name: base64.b64encode(image).decode() for name, image in images.items()})


def script() -> str:
    """Return the modules as one, each after those that it imports.

    They share one scope then, so that no two of them may use a name for different things.
    """
    found: dict[str, str] = {}
    _collect(FIRST, found)
    return "".join(found.values())


def policy(program: str, sources: Mapping[str, str]) -> str:
    """Return the content security policy: this script, what else is allowed by its source, and nothing else."""
    rules = [f"{name} {source}" for name, source in {"script-src": _hash(program), **sources}.items()]
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
