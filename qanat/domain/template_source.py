"""Where the options of a run come from: the templates that define them, and the packs that these came with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PackOrigin:
    """Where a pack of templates was copied from: a `url` at a `commit`, or a folder of this machine, without one.

    `edited` says that the template was changed in the project since.
    """

    name: str
    url: str
    commit: str | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A template that contributes to the options of another, or has them itself; `options` are the names of its own.

    `file` is relative to the project's root if it is in the project. `keys` are other keys that come from it, such as
    `retry`; a record does not have them.
    """

    template: str
    file: str
    options: tuple[str, ...]
    pack: PackOrigin | None = None
    keys: tuple[str, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """Return the keys and values as in a record."""
        found: dict[str, Any] = {"template": self.template, "file": self.file, "options": list(self.options)}
        if self.pack is None:
            return found
        found |= {"pack": self.pack.name, "url": self.pack.url}
        found |= {"commit": self.pack.commit} if self.pack.commit else {}
        return found | ({"edited": True} if self.pack.edited else {})

    def described(self) -> str:
        """Return the file, and where it was copied from, as a phrase."""
        if self.pack is None:
            return self.file
        at = f" at {self.pack.commit[:10]}" if self.pack.commit else ""
        changed = ", edited since" if self.pack.edited else ""
        return f"{self.file}, from {self.pack.url}{at}{changed}"
