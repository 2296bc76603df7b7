"""What is wrong with the container of an experiment, beyond its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qanat.domain.container import Kind, bind_problem, kind_of
from qanat.domain.key_path import KeyPath
from qanat.domain.names import nearest
from qanat.domain.shortening import quoted


def problems(root: Path, content: Mapping[str, Any], *, installed: bool) -> Iterator[tuple[KeyPath, str]]:
    """Yield an engine that does not exist or does not take the image, and binds that are not paths.

    Packages that bring engines are `installed` where experiments run. A hook has an environment of its own, without
    them, so that only misspelt names are wrong there.
    """
    container = content.get("container")
    if not isinstance(container, dict):
        return
    if "engine" in container:
        yield from _engine_problems(root, container["engine"], container["image"], installed=installed)
    for i, bind in enumerate(container.get("binds", ())):
        if problem := bind_problem(bind):
            yield ("container", "binds", i), f"{quoted(bind)} {problem}"


def _engine_problems(root: Path, name: str, image: str, *, installed: bool) -> Iterator[tuple[KeyPath, str]]:
    from qanat.containers import registry  # most experiments have no container

    known = registry.names()
    if name not in known:
        close = nearest(name, known)
        ending = f"; did you mean {' or '.join(close)}?" if close else f"; known: {', '.join(known)}"
        if installed or close:
            yield ("container", "engine"), f"engine {quoted(name)} does not exist{ending}"
        return
    kind = kind_of(image, root / image)
    # What looks like a name may be a folder that this clone does not have.
    can_tell = name in registry.BUILT_IN and kind is not Kind.NAME
    if can_tell and (problem := registry.mismatch(registry.engine(name), kind)):
        yield ("container", "engine"), f"{name} cannot run image {image}: {problem}"
