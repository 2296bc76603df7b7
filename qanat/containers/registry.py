"""The available engines; each is imported when it is needed.

A built-in engine is a module that BUILT_IN lists, in the order in which they are preferred. One in another package is
an entry point in the group `qanat.containers`: its name, and a callable that returns an Engine.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from qanat.containers import protocol
from qanat.domain.container import FILES, HTCONDOR, Image, Kind
from qanat.domain.shortening import quoted
from qanat.errors import RunnerUnavailable, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from qanat.containers.protocol import Engine

# Each with its module, whose function of the same name returns the engine.
BUILT_IN = {
    "charliecloud": "charliecloud",
    "apptainer": "apptainer",
    "singularity": "apptainer",
    "podman": "podman",
    "docker": "docker",
    HTCONDOR: "htcondor",
}
GROUP = "qanat.containers"


def engine(name: str) -> Engine:
    """Return an engine by its name. Raises UsageError if there is none, RunnerUnavailable if it cannot be loaded."""
    if name in BUILT_IN:
        module = importlib.import_module(f"{__package__}.{BUILT_IN[name]}")
        return cast("Engine", getattr(module, name)())
    for entry in _entry_points():
        if entry.name == name:
            return _installed(entry)
    raise UsageError(f"engine {quoted(name)} does not exist", hint=f"known: {', '.join(names())}")


def choose(image: Image, name: str | None, *, elsewhere: bool) -> Engine:
    """Return the engine of this name, or the first one that is installed and takes the image.

    An engine of machines `elsewhere` may be missing here. Raises UsageError for an engine that does not take the
    image, RunnerUnavailable if none that does is installed.
    """
    if name is not None:
        chosen = engine(name)
        if problem := mismatch(chosen, image.kind):
            raise UsageError(f"engine {name} cannot run image {image.name}", hint=problem)
        if not elsewhere:
            chosen.check()
        return chosen
    able = [each for each in _all() if image.kind in each.takes]
    for each in able:
        with suppress(RunnerUnavailable):
            each.check()
            return each
    if elsewhere and image.kind in FILES:
        return able[0]
    names = [each.name for each in able]
    raise RunnerUnavailable(
        f"image {image.name} needs {' or '.join(names)}, which {'is' if len(names) == 1 else 'are'} not installed",
        hint="install it, or use an image for another engine",
    )


def mismatch(chosen: Engine, kind: Kind) -> str:
    """Return what an engine runs if images of this kind are not among it; empty if they are."""
    if kind in chosen.takes:
        return ""
    *others, last = sorted(chosen.takes)
    return f"it runs {', '.join(others)} and {last}" if others else f"it runs {last}"


def _all() -> Iterator[Engine]:
    yield from (engine(name) for name in BUILT_IN if name != HTCONDOR)  # which a template chooses
    yield from (_installed(entry) for entry in _entry_points() if entry.name not in BUILT_IN)


def names() -> list[str]:
    """List the names of all engines that are known here."""
    return list(dict.fromkeys([*BUILT_IN, *sorted(entry.name for entry in _entry_points())]))


def _entry_points() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # 35 ms, only for what is not ours

    return tuple(entry_points(group=GROUP))


def _installed(entry: EntryPoint) -> Engine:
    package = entry.dist.name if entry.dist else entry.value.partition(":")[0]
    try:
        found: Any = entry.load()()
    except Exception as error:  # noqa: BLE001  # another package's code may raise anything
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise RunnerUnavailable(f"engine {quoted(entry.name)} of package {package} cannot be loaded: {why}") from None
    wanted = [*protocol.Engine.__annotations__, *(name for name in vars(protocol.Engine) if not name.startswith("_"))]
    if missing := [name for name in dict.fromkeys(wanted) if not hasattr(found, name)]:
        raise RunnerUnavailable(
            f"engine {quoted(entry.name)} of package {package} does not fit this qanat: it has no {', '.join(missing)}"
        )
    return cast("Engine", found)
