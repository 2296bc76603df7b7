"""The container that programs work in, as it is asked for and as a run had it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Container:
    """The container of a run.

    `image` is how the image was named: an image of an engine's own store, a file or a folder. `identity` tells its
    content, such as sha256:9f86…: the digest or id in a store, otherwise a hash. `binds` are paths that it has besides
    those that every container has, `options` are passed to the engine as they are.
    """

    image: str
    engine: str
    identity: str
    binds: tuple[str, ...] = ()
    gpu: bool = False
    options: tuple[str, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """Return it as a row of the record, without what is empty."""
        row = {"image": self.image, "engine": self.engine, "identity": self.identity}
        optional: Mapping[str, Any] = {"binds": self.binds, "gpu": self.gpu, "options": self.options}
        return row | {key: value for key, value in optional.items() if value}
