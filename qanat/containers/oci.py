"""What podman and docker have in common: images with names in a store of their own, and most of the command line."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from qanat.containers.installed import check_installed
from qanat.containers.protocol import VARIABLES, FoundImage, Image, Inside, Kind
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, NotFound, RunnerUnavailable
from qanat.system import files, programs

# Names of images that qanat makes: with the beginning of the SHA-256 of what they were made from.
_MADE = "localhost/qanat"
_DIGITS = 32
_LOADED = re.compile(r"Loaded image(?: ID|\(s\))?: (\S+)")
_INSPECT_S = 60.0
# What uname calls the machines that Go, and so the images, have other names for.
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l"}


@dataclass(frozen=True, slots=True)
class OciEngine:
    """Starts programs with `NAME run`, where its name is that of its program."""

    name: str
    takes: frozenset[Kind] = frozenset({Kind.NAME, Kind.ARCHIVE, Kind.RECIPE})
    gpu_options: ClassVar[tuple[str, ...]] = ()

    def check(self) -> None:
        """Raise RunnerUnavailable if the program is not on the PATH."""
        check_installed(self.name)

    def find(self, image: Image, identity: str, *, make: bool) -> FoundImage:
        """Find an image in the store of the engine; of archives and recipes, it has a name by their content."""
        if image.kind is Kind.NAME:
            return self._by_name(image.name.removeprefix("docker://"), identity)
        if image.path is None or not files.is_file(image.path):
            raise InputInvalid(f"image {image.name} does not exist", hint=f"it is looked for at {image.path}")
        name = f"{_MADE}:{image.content[:_DIGITS]}"
        if image.kind is Kind.RECIPE and identity and (found := self._inspect(identity)):
            return found
        if not (found := self._inspect(name)):
            if not make:
                return FoundImage(name, "")
            self._build(image, name) if image.kind is Kind.RECIPE else self._load(image.path, name)
            found = self._inspect(name)
        if not found:
            raise RunnerUnavailable(f"{self.name} has no image {name} although it has just made it")
        own = found.identity if image.kind is Kind.RECIPE else f"sha256:{image.content}"
        return FoundImage(found.reference, own, found.machine)

    def _by_name(self, name: str, identity: str) -> FoundImage:
        repository = re.sub(r"(@[^/]*|:[^/:@]*)\Z", "", name)
        for reference in (f"{repository}@{identity}", identity, name) if identity else (name,):
            if found := self._inspect(reference):
                return found
        raise NotFound(f"{self.name} has no image {quoted(name)}", hint=f"get it with: {self.name} pull {name}")

    def _inspect(self, reference: str) -> FoundImage | None:
        """Return an image of the store; None if there is none."""
        command = [self.name, "image", "inspect", "--", reference]
        said = programs.run(command, cwd=Path("/"), timeout_s=_INSPECT_S)
        if said.status == 0:
            return _found(json.loads(said.out)[0])
        if b"no such image" in (low := said.err.lower()) or b"not known" in low or b"not found" in low:
            return None
        raise RunnerUnavailable(f"{self.name} cannot look for images: {said.first_error}")

    def _load(self, archive: Path, name: str) -> None:
        said = self._run(["load", "--input", str(archive)])
        loaded = _LOADED.search(said)
        if not loaded:
            raise RunnerUnavailable(f"{self.name} does not say which image it loaded from {archive}")
        self._run(["tag", loaded[1], name])

    def _build(self, image: Image, name: str) -> None:
        with _context(image) as folder:
            build = ("build", "--tag", name, "--file", str(image.path))
            # Any folder will do in place of the empty one, which is gone by then.
            self._run((*build, folder), (*build, str(image.context or ".")))

    def _run(self, words: Sequence[str], again: Sequence[str] = ()) -> str:
        """Run the engine and return what it prints. Raises RunnerUnavailable, with what to run `again` to see why."""
        said = programs.run([self.name, *words], cwd=Path("/"), patient=True)
        if said.status:
            lines = said.err.decode("utf-8", "replace").strip().splitlines()
            raise RunnerUnavailable(
                f"{self.name} {words[0]} failed: {lines[-1].strip() if lines else said.status}",
                hint=f"to see its whole output: {shlex.join([self.name, *(again or words)])}",
            )
        return (said.out + said.err).decode("utf-8", "replace")

    def command(self, inside: Inside, program: Sequence[str]) -> tuple[str, ...]:
        """Return the command that starts a program.

        In a process namespace of its own, the program would be process 1, which ignores signals that it does not
        handle; and it is found by its environment if the engine's own process was killed.
        """
        shared = ("--pid", "host", "--network", "host", "--ipc", "host", "--security-opt", "label=disable")
        volumes = [part for mount in inside.mounts for part in ("--volume", str(mount))]
        variables = [part for name in VARIABLES for part in ("--env", name)]
        return (
            *(self.name, "run", "--rm", "--pull", "never", "--log-driver", "none", "--entrypoint", ""),
            *shared,
            *self.as_user(),
            *(self.gpu_options if inside.gpu else ()),
            *variables,
            *volumes,
            *("--workdir", inside.workdir),
            *inside.options,
            inside.image,
            *program,
        )

    def as_user(self) -> tuple[str, ...]:
        """Return the options with which files belong to the user."""
        return ("--user", f"{os.geteuid()}:{os.getegid()}")

    def problem(self, inside: Inside) -> str:
        """Return nothing: a container takes too long to start for a trial."""
        return ""


def _found(described: Mapping[str, Any]) -> FoundImage:
    """Return an image, by its digest if it came from a registry: other machines can get that one."""
    machine, own = str(described.get("Architecture", "")), str(described["Id"])
    own = own if ":" in own else f"sha256:{own}"
    pulled = next((each for each in described.get("RepoDigests") or () if not each.startswith("localhost/")), "")
    return FoundImage(pulled or own, pulled.partition("@")[2] or own, _MACHINES.get(machine, machine))


@contextmanager
def _context(image: Image) -> Iterator[str]:
    """Yield the folder that an image is built from, an empty one if it needs none."""
    if image.context:
        yield str(image.context)
        return
    with tempfile.TemporaryDirectory(prefix="qanat-build-") as empty:
        yield empty
