"""Choosing the container of a run and its engine, and finding the image, before anything is written."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from qanat.containers import registry
from qanat.containers.protocol import Engine
from qanat.domain.container import (
    FILES,
    NONE,
    Container,
    ContainerRequest,
    Image,
    Kind,
    Mount,
    bind_problem,
    kind_of,
    other_settings,
    read_bind,
)
from qanat.domain.data_paths import is_url
from qanat.domain.run import Run
from qanat.domain.shortening import quoted
from qanat.domain.sizes import size
from qanat.errors import ImageNotFound, InputInvalid, RunnerUnavailable, UsageError
from qanat.records import yaml_io
from qanat.system import files
from qanat.system.scanning import Entry, LeftOut, Totals, scan
from qanat.usecases.data import hashes
from qanat.usecases.data.definitions import definition_of
from qanat.usecases.launch.enclosure import Enclosure, added
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project

# What a recipe takes from the folder that it is in.
_COPIES = re.compile(rb"^[ \t]*+(?:COPY|ADD|RUN[ \t]++--mount)\b", re.IGNORECASE | re.MULTILINE)
# What a dry run reads of an image.
DRY_FILES_MAX, DRY_BYTES_MAX = 500_000, 8 * 10**9
_HAS_REGISTRY = re.compile("[.:]")
# Both run on a 64-bit machine.
_COMPATIBLE = {"x86_64": {"i686"}, "aarch64": {"armv7l"}}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The container that is asked for, what its image is, and its engine; `elsewhere`: a scheduler starts it."""

    request: ContainerRequest
    image: Image
    engine: Engine
    elsewhere: bool


def wanted(
    project: Project, typed: ContainerRequest | None, defined: ContainerRequest | None
) -> ContainerRequest | None:
    """Return the container for a run, None for none; what was typed counts more than what an experiment or run has.

    The path of an image that was typed starts at the current directory, unless it is that of an earlier run.
    """
    if typed is None:
        return defined
    if typed.image == NONE:
        if typed.engine or typed.gpu:
            raise UsageError("--container none cannot be used with --engine or --gpu", hint="leave them out")
        return None
    if typed.identity:
        return typed
    if not typed.image and defined is None:
        option = "--gpu" if typed.gpu else "--engine"
        raise UsageError(f"{option} requires a container", hint="add --container IMAGE")
    before = defined or typed
    return ContainerRequest(
        image=_from_root(project, typed.image) if typed.image else before.image,
        engine=typed.engine or (None if typed.image else before.engine),
        binds=before.binds,
        gpu=typed.gpu or before.gpu,
        options=before.options,
        identity="" if typed.image else before.identity,
    )


def _from_root(project: Project, image: str) -> str:
    """Return the path of an image from the project's root, or an absolute one; a name stays as it is."""
    path = Path(os.path.abspath(os.path.expanduser(image)))  # noqa: PTH100, PTH111  # resolve() follows links
    if kind_of(image, path) is Kind.NAME:
        return image
    return os.path.relpath(path, project.root) if path.is_relative_to(project.root) else str(path)


def choose(project: Project, request: ContainerRequest | None, *, elsewhere: bool) -> Chosen | None:
    """Choose the engine of a container.

    Raises UsageError for an engine that does not take the image, RunnerUnavailable for one that is missing,
    ImageNotFound for a file that is, InputInvalid for one that is not an image.
    """
    if request is None:
        return None
    path = project.root / os.path.expanduser(request.image)  # noqa: PTH111  # Path raises without a home
    kind = kind_of(request.image, path)
    _check_file(request.image, kind, path)
    image = Image(kind, request.image, None if kind is Kind.NAME else path)
    with _maybe_a_path(image):
        engine = registry.choose(image, request.engine, elsewhere=elsewhere)
    chosen = Chosen(request, image, engine, elsewhere)
    for bind in request.binds:
        _bind(project, bind, chosen)
    return chosen


def _check_file(name: str, kind: Kind, path: Path) -> None:
    """Raise ImageNotFound for an image that is a file or a folder and missing, InputInvalid for another file."""
    is_there = files.exists(path)
    if kind is Kind.NAME and is_there:
        hint = "images end in .sif, .sqfs or .tar, are folders, or are called Dockerfile"
        raise InputInvalid(f"image {quoted(name)} is not an image", hint=hint)
    if not is_there and (kind in (FILES | {Kind.ARCHIVE}) or name.startswith(("/", ".", "~", "-"))):
        raise ImageNotFound(
            f"image {quoted(name)} does not exist", hint=f"there is nothing at {os.path.normpath(path)}"
        )


@contextmanager
def _maybe_a_path(image: Image) -> Iterator[None]:
    """Add to the hint about an image by name that there is no such folder, if the name looks like a path."""
    try:
        yield
    except (ImageNotFound, RunnerUnavailable) as error:
        first, slash, _ = image.name.partition("/")
        if image.kind is Kind.NAME and slash and first != "localhost" and not _HAS_REGISTRY.search(first):
            error.hint = f"{error.hint}; there is no file or folder {image.name}"
        raise


def enclose(
    project: Project, chosen: Chosen | None, place: Workplace, datasets: Mapping[str, str], *, make: bool
) -> Enclosure | None:
    """Find the image of a container for programs that work at a place; with `make`, build or load it if necessary.

    Raises ImageNotFound for an image that is missing, InputInvalid for one that is made for other machines, UsageError
    for what the engine cannot do.
    """
    if chosen is None:
        return None
    request = chosen.request
    image = _with_content(project, chosen.image, place, make=make)
    with _maybe_a_path(image):
        found = chosen.engine.find(image, request.identity, make=make)
    machine = os.uname().machine
    if found.machine not in {"", machine} | _COMPATIBLE.get(machine, set()) and not chosen.elsewhere:
        raise InputInvalid(
            f"image {request.image} is for {found.machine}, and this machine is {machine}",
            hint=f"get or build the image for {machine}",
        )
    container = Container(
        image=request.image,
        engine=chosen.engine.name,
        identity=found.identity or found.reference,
        binds=request.binds,
        gpu=request.gpu,
        options=request.options,
    )
    mounts = _mounts(project, chosen, place, datasets)
    is_known = make or bool(found.identity)
    how = (found.reference, place.folder, mounts, is_known, chosen.elsewhere)
    enclosure = Enclosure(container, chosen.engine, *how)
    enclosure.command(place.folder, ())  # what the engine cannot do is refused here
    return enclosure


def difference(enclosure: Enclosure | None, run: Run) -> str:
    """Return how a container differs from that of an earlier run, wherever the image is; empty if it does not."""
    before, now = run.container, enclosure.container if enclosure else None
    if before is None or now is None:
        has, had = (each.image if each else "no container" for each in (now, before))
        return "" if before is now else f"{has} is used, and run {run.number} had {had}"
    found = []
    if now.identity != before.identity:
        was = "" if now.image == before.image else f"{before.image}, "
        found.append(
            f"image {now.image} is not the one of run {run.number}: {now.identity}, was {was}{before.identity}"
        )
    return "; ".join([*found, *other_settings(before, now)])


@contextmanager
def image_of(run: Run | None, request: ContainerRequest | None) -> Iterator[None]:
    """Add to the hint about an image that is missing how the run that had it can still be repeated."""
    try:
        yield
    except ImageNotFound as error:
        if run and run.container and request and request.image == run.container.image:
            other = f"if it is elsewhere, or to use another one: qanat rerun {run.number} --container IMAGE"
            raise ImageNotFound(f"{error.message}; run {run.number} had it", hint=f"{error.hint}; {other}") from None
        raise


def check_same(enclosure: Enclosure | None, run: Run) -> None:
    """Raise InputInvalid if the image is not the one that a run had when it was launched."""
    if changed := difference(enclosure, run):
        raise InputInvalid(changed, hint=f"repeat the run with the image as it is now: qanat rerun {run.number}")


# ---- the image


def _with_content(project: Project, image: Image, place: Workplace, *, make: bool) -> Image:
    """Return an image with the hash of its content; one in a store has an identity there."""
    if image.path is None:
        return image
    if image.kind is Kind.RECIPE:
        return _recipe(project, image, place, make=make)
    return replace(image, content=_hashed(project, image.name, image.path, make=make))


def _recipe(project: Project, image: Image, place: Workplace, *, make: bool) -> Image:
    """Return a recipe, of the code that runs if that has it, with the hash of all that an image is built from."""
    here = place.folder / image.name
    path = here if files.is_file(here) else image.path or here
    text = files.read(path, limit_bytes=yaml_io.FILE_BYTES_MAX)
    digest = hashlib.sha256(text, usedforsecurity=False)
    context = path.parent if _COPIES.search(text) else None
    if context:
        digest.update(_hashed(project, f"the folder of {image.name}", context, make=make).encode())
    return replace(image, path=path, content=digest.hexdigest(), context=context)


def _hashed(project: Project, name: str, path: Path, *, make: bool) -> str:
    top = os.path.realpath(path)
    results = os.path.realpath(project.root / project.config.result_dir)
    totals = Totals()
    found = scan(Path(top), totals, LeftOut({".git", ".qanat"}, {results}))
    digest, problem = hashes.hash_of(project, name, top, found if make else _bounded(name, found, totals))
    if problem or totals.unreadable:
        raise InputInvalid(f"image {name} cannot be read: {problem or next(iter(totals.unreadable))}")
    return digest.removeprefix("sha256:")


def _bounded(name: str, found: Iterable[Entry], totals: Totals) -> Iterator[Entry]:
    """Yield the entries of a scan. Raises InputInvalid if they are too many: a stranger's image may be `/`."""
    for entry in found:
        if totals.files > DRY_FILES_MAX or totals.bytes > DRY_BYTES_MAX:
            raise InputInvalid(
                f"image {name} is too large for a dry run: it has more than {DRY_FILES_MAX:,} files or "
                f"{size(DRY_BYTES_MAX)}",
                hint="run it without --dry-run",
            )
        yield entry


# ---- what the container has of this machine


def _mounts(project: Project, chosen: Chosen, place: Workplace, datasets: Mapping[str, str]) -> tuple[Mount, ...]:
    mounts: list[Mount] = []
    mounts += added(mounts, str(place.folder))
    for path in place.inputs:
        mounts += added(mounts, str(project.root / path), read_only=True)
    for name, path in place.datasets.items():
        dataset = definition_of(project, name, datasets[name])
        if not is_url(path) and (chosen.elsewhere or os.path.exists(path)):  # noqa: PTH110
            mounts += added(mounts, path, read_only=not dataset.writable)
    mounts += (_bind(project, bind, chosen) for bind in chosen.request.binds)
    return tuple(mounts)


def _bind(project: Project, text: str, chosen: Chosen) -> Mount:
    """Return the mount of a bind. Raises InputInvalid if it is none, or if there is nothing to bind."""
    if problem := bind_problem(text):
        raise InputInvalid(f"bind {quoted(text)} {problem}", hint="correct it in the definition of the experiment")
    bind = read_bind(text)
    source = os.path.normpath(project.root / os.path.expanduser(bind.source))  # noqa: PTH111  # Path raises without a home
    if not chosen.elsewhere and not os.path.exists(source):  # noqa: PTH110
        raise InputInvalid(f"bind {quoted(text)}: {source} does not exist", hint="create it, or correct the bind")
    target = source if bind.target == bind.source else bind.target
    behind = os.path.realpath(source)
    if ":" in behind:
        raise InputInvalid(f"bind {quoted(text)}: {behind} contains a colon", hint="rename the folder")
    return replace(bind, source=behind, target=target)
