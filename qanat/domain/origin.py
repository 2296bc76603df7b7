"""Where a run came from that another tool has recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """The tool that recorded a run, where from it was imported, the run's id in that tool, and when it was imported.

    `source` says no more than others may read: no folder above the project, and no user of a server. `parent` is the
    id of the run that this one belonged to in that tool.
    """

    tool: str
    source: str
    id: str
    imported: str
    parent: str | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the origin as records have it."""
        found = {"tool": self.tool, "source": self.source, "id": self.id, "imported": self.imported}
        return found | ({"parent": self.parent} if self.parent else {})

    def __str__(self) -> str:
        return f"{self.tool} ({self.source}, {self.id})"
