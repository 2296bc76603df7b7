"""The metadata of an RO-Crate as it grows, one entity after the other; `rocrate` writes it down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from qanat.domain.json_text import named
from qanat.errors import InputInvalid
from qanat.usecases import packages
from qanat.usecases.exports.names import digest

# The version that the profile extends.
VERSION = "1.1"
PROCESS = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
# Of all, which are in memory: about a kilobyte each.
ENTITIES_MAX = 200_000


class Graph:
    """Collects entities; each has one id, and is added once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        """Begin with the properties of the crate itself. Raises PackageMissing."""
        try:
            from rocrate.rocrate import ROCrate
        except ImportError:
            raise packages.missing("RO-Crates require", "rocrate", extra="ro-crate") from None
        self._crate = ROCrate(version=VERSION)
        self._crate.metadata.extra_contexts.append(TERMS)
        for name, value in root.items():
            self._crate.root_dataset[name] = value
        profile = self.add(PROCESS, "CreativeWork", {"name": "Process Run Crate", "version": "0.5"})
        self._crate.root_dataset["conformsTo"] = profile

    def add(self, identifier: str, kind: str | Sequence[str], properties: Mapping[str, Any]) -> dict[str, str]:
        """Add an entity, unless there is one with this id, and return a reference to it.

        Properties that are empty are left out. Raises InputInvalid if there are too many entities.
        """
        from rocrate.model import ContextEntity

        if identifier not in self._crate:
            self._check_size()
            self._crate.add(ContextEntity(self._crate, identifier, {"@type": kind, **plain(properties)}))
        return {"@id": identifier}

    def add_file(self, path: str, properties: Mapping[str, Any]) -> dict[str, str]:
        """Add a file of the crate, and return a reference to it. Raises InputInvalid as add() does."""
        self._check_size()
        found: str = self._crate.add_file(dest_path=path, properties=plain(properties)).id
        return {"@id": found}

    def mention(self, references: Sequence[Mapping[str, str]]) -> None:
        """Name entities as what the crate is about."""
        self._crate.root_dataset.append_to("mentions", [dict(one) for one in references])

    def set(self, name: str, value: Any) -> None:
        """Set a property of the crate itself."""
        self._crate.root_dataset[name] = value

    def write(self, file: BinaryIO) -> int:
        """Write the metadata as JSON, in which a list of one value is that value, and return their size in bytes."""
        content = self._crate.metadata.generate()
        content["@graph"] = [_compact(entity) for entity in content["@graph"]]
        texts = json.JSONEncoder(ensure_ascii=False, indent=2, allow_nan=False).iterencode(named(content))
        return sum(file.write(text.encode("utf-8", "backslashreplace")) for text in texts)

    def _check_size(self) -> None:
        if len(self._crate.get_entities()) >= ENTITIES_MAX:
            raise InputInvalid(
                f"a crate has at most {ENTITIES_MAX:,} files, parameters and metrics",
                hint="choose fewer runs, or fewer of their files with --files",
            )


def plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties without those that are empty; 0 and false are not."""
    return {name: value for name, value in properties.items() if value not in (None, "", [], ())}


def local_id(what: str, *parts: object) -> str:
    """Return an id inside the crate that is the same for the same parts."""
    return f"#{what}-{digest(*parts)}"


def _compact(entity: Mapping[str, Any]) -> dict[str, Any]:
    items = entity.items()
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in items}
