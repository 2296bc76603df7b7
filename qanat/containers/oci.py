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
from qanat.containers.protocol import PROBE, VARIABLES, FoundImage, Image, Inside, Kind
from qanat.domain.shortening import quoted
from qanat.errors import ImageNotFound, RunnerUnavailable
from qanat.system import files, programs

_LOCAL = "localhost/"
# Names of images that qanat makes: with the beginning of the SHA-256 of what they were made from.
_MADE = f"{_LOCAL}qanat"
_DIGITS = 32
_LOADED = re.compile(r"Loaded image(?: ID|\(s\))?: (\S+)")
# Starts the engine with a name for its container, which is stopped once the engine's own process has ended: a scheduler
# may kill that before it has passed on a signal, and never kills the container, which is not a child of the job. The
# process that waits for this is not a child of the job either, and by its environment it does not belong to the group,
# nor, for HTCondor, to the job.
_WATCHED = """\
q_name=qanat-${QANAT_JOB%:*}-${QANAT_JOB#*:}-$$
(
    unset QANAT_JOB $(env | sed -n 's/^\\(_CONDOR_ANCESTOR_[0-9]*\\)=.*/\\1/p')
    setsid /bin/sh -c '
        trap "" HUP INT TERM
        while kill -0 "$1"; do sleep 1; done
        "$2" stop -t 3 "$3" && "$2" rm -f "$3"
    ' qanat "$$" "$1" "$q_name" </dev/null >/dev/null 2>&1 &
)
q_engine=$1 q_verb=$2
shift 2
exec "$q_engine" "$q_verb" --name "$q_name" "$@\"
"""
_ERROR = re.compile(r"(docker: )?Error(: | response from daemon: )")
_INSPECT_S = 60.0
_START_S = 120.0
_NOT_CREATED = (125, 126)  # podman-run(1), "EXIT STATUS": by podman itself, and by the runtime
# What keeps engines from working inside of containers and on machines of clusters, and the way out.
_WAYS_OUT = {
    r"connect to the docker daemon": "start the daemon, or use another engine: --engine podman",
    r"rlimit": (
        "in containers.conf (for root /etc/containers/containers.conf), below [containers]: "
        'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]'
    ),
    r"cgroup": 'in containers.conf, below [engine]: cgroup_manager = "cgroupfs", and runtime = "runc" if that fails',
    r"overlay": 'in storage.conf, below [storage]: driver = "vfs"',
    r"/dev/mqueue": "add options: [--ipc=private] to the container in the definition of the experiment",
    r"subuid|subgid|newuidmap": "have your administrator add you to /etc/subuid and /etc/subgid: podman(1), rootless",
}
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
            raise ImageNotFound(f"image {image.name} does not exist", hint=f"there is nothing at {image.path}")
        name = f"{_MADE}:{image.content[:_DIGITS]}"
        if image.kind is Kind.RECIPE and identity and (found := self._inspect(identity)):
            return found
        own = "" if image.kind is Kind.RECIPE else f"sha256:{image.content}"
        if not (found := self._inspect(name)):
            if not make:
                return FoundImage(name, own)
            self._build(image, name) if image.kind is Kind.RECIPE else self._load(image.path, name)
            found = self._inspect(name)
        if not found:
            raise RunnerUnavailable(f"{self.name} has no image {name} although it has just made it")
        return FoundImage(found.reference, own or found.identity, found.machine)

    def _by_name(self, name: str, identity: str) -> FoundImage:
        repository = re.sub(r"(@[^/]*|:[^/:@]*)\Z", "", name)
        for reference in (f"{repository}@{identity}", identity, name) if identity else (name,):
            if found := self._inspect(reference):
                return found
        get = f"get it with: {self.name} pull {shlex.quote(name)}"
        hint = f"images that it has: {self.name} images" if name.startswith(_LOCAL) else get
        raise ImageNotFound(f"{self.name} has no image {quoted(name)}", hint=hint)

    def _inspect(self, reference: str) -> FoundImage | None:
        """Return an image of the store; None if there is none."""
        command = [self.name, "image", "inspect", "--", reference]
        said = programs.run(command, cwd=Path("/"), timeout_s=_INSPECT_S)
        if said.status == 0:
            return _found(json.loads(said.out)[0])
        if b"no such image" in (low := said.err.lower()) or b"not known" in low or b"not found" in low:
            return None
        why = _reason(said.err)
        raise RunnerUnavailable(f"{self.name} cannot look for images: {why}", hint=_way_out(why, self.name))

    def _load(self, archive: Path, name: str) -> None:
        try:
            said = self._run(["load", "--input", str(archive)])
        except RunnerUnavailable as error:
            file, other = shlex.quote(str(archive)), f"{_LOCAL}NAME"
            raise RunnerUnavailable(
                error.message,
                hint=f"{self.name} save writes such archives; the files of a system become an image by: "
                f"{self.name} import {file} {other}, and then --container {other}",
            ) from None
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
            raise RunnerUnavailable(
                f"{self.name} {words[0]} failed: {_reason(said.err) or said.status}",
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
            *(("/bin/sh", "-c", _WATCHED, "qanat") if inside.in_job else ()),
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
        """Return why a container with a program that does not exist is not even created: exit code 125 or 126."""
        said = programs.run(self.command(inside, [PROBE]), cwd=Path("/"), timeout_s=_START_S)
        if said.status not in _NOT_CREATED:
            return ""
        why = _reason(said.err)
        if hint := _way_out(why, ""):
            raise RunnerUnavailable(f"{self.name} cannot start containers here: {why}", hint=hint)
        return why


def _reason(err: bytes) -> str:
    """Return the line that says what went wrong: the last that begins with Error, or the last of all."""
    lines = [line.strip() for line in err.decode("utf-8", "replace").strip().splitlines()]
    errors = [line for line in lines if _ERROR.match(line)]
    return _ERROR.sub("", next(iter(reversed(errors or lines)), "")).rstrip(":")


def _way_out(why: str, name: str) -> str:
    """Return what to do about a reason; of an unknown one, how to see more of it with the engine of this name."""
    found = (way for known, way in _WAYS_OUT.items() if re.search(known, why, re.IGNORECASE))
    return next(found, f"to see whether it works: {name} info" if name else "")


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
