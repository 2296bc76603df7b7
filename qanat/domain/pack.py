"""Packs of templates that sites share: what a project keeps of one, and from where one may be fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SCHEMES = ("https", "ssh", "file")
# As git has it, user@host:path stands for ssh://user@host/path.
_SCP = re.compile(r"(?:[\w.+-]+@)?[\w.-]+:(?!//|:)[^:]+\Z")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}\Z")


@dataclass(frozen=True, slots=True)
class PackedTemplate:
    """A template of a pack, under its name in the project, and the SHA-256 of its file as it was copied."""

    runner: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was copied: from a repository, with `commit`, or from a folder. `ref` is what was asked for."""

    name: str
    url: str
    description: str = ""
    ref: str | None = None
    commit: str | None = None
    templates: tuple[PackedTemplate, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """Return the keys and values of its file, without the schema."""
        texts = {"description": self.description, "url": self.url, "ref": self.ref, "commit": self.commit}
        rows = {f"{one.runner}/{one.name}": one.sha256 for one in self.templates}
        return {"name": self.name} | {key: text for key, text in texts.items() if text} | {"templates": rows}


def is_url(source: str) -> bool:
    """Return whether a text is the address of a repository, and not the path of a folder."""
    return "://" in source or "::" in source or bool(_SCP.match(source))


def url_problem(url: str) -> str:
    """Return why nothing is fetched from an address, as a predicate; empty if it may be."""
    if "::" in url or url.startswith("-"):
        return "is not an address that qanat passes to git"
    if "://" not in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not a URL"
    if parts.scheme not in SCHEMES:
        return f"begins with {parts.scheme}://, and qanat fetches packs by {', '.join(SCHEMES)} only"
    if parts.password is not None or (parts.scheme == "https" and parts.username is not None):
        return "contains a user name or password, which would be recorded"
    return ""


def anonymous(url: str) -> str:
    """Return an address without a user name and password."""
    return re.sub(r"//[^/]*@", "//…@", url)


def is_ref(text: str) -> bool:
    """Return whether a text may be the name of a branch or tag, or a commit."""
    return bool(_REF.match(text)) and ".." not in text


def made_name(source: str) -> str:
    """Return what a pack may be called that does not say: the end of its address, without `.git`."""
    return re.split(r"[/:]", source.rstrip("/"))[-1].removesuffix(".git")
