"""The files in `.qanat/environments/`: each is named after the SHA-256 of its bytes, as `sha256sum` prints it.

So the same content has the same name everywhere, a file never changes, and two branches that add one never conflict.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain.environment import Environment, Interpreter
from qanat.domain.layout import ENVIRONMENTS, HASH_DIGITS, MACHINES
from qanat.domain.machine import Machine
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import InputInvalid
from qanat.records import schemas, yaml_io
from qanat.records.record_reader import Reader
from qanat.system import files

BYTES_MAX = 4 * 2**20
FOLDERS = {"environment": ENVIRONMENTS, "machine": MACHINES}
_MAPS = ("libraries", "distributions", "conda", "locks", "variables")
_NAMED = re.compile(rb"(?:^|[{ ])(environment|machine): '?([0-9a-f]{%d})\b" % HASH_DIGITS, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Described:
    """A file of `.qanat/environments/`, by its path from the root, and the hash by which records name it."""

    path: str
    hash: str
    data: bytes


def hash_of(data: bytes) -> str:
    """Return the name that a file with these bytes has."""
    return hashlib.sha256(data, usedforsecurity=False).hexdigest()[:HASH_DIGITS]


def path_of(kind: str, name: str) -> str:
    """Return the path, from the root, of the environment or machine with this hash."""
    return f"{FOLDERS[kind]}/{name}.yaml"


def encode(environment: Environment) -> Described:
    """Return the file of an environment."""
    return _described("environment", environment.as_mapping())


def encode_machine(machine: Machine) -> Described:
    """Return the file of a machine."""
    return _described("machine", machine.as_mapping())


def _described(kind: str, content: dict[str, Any]) -> Described:
    data = yaml_io.dump({"schema": schemas.name_of(kind), **content})
    name = hash_of(data)
    return Described(path_of(kind, name), name, data)


def decode(data: bytes, source: str) -> Environment:
    """Parse the file of an environment; `source` is its path, for messages. Raises InputInvalid."""
    return environment_from(Reader(schemas.current(yaml_io.load(data, source), "environment", source), source, ""))


def environment_from(top: Reader) -> Environment:
    """Return the environment that the keys of a file describe. Raises InputInvalid."""
    return Environment(
        _interpreter(top.inner("interpreter")) if top.has("interpreter") else None,
        top.optional("executable", str) or "",
        modules=top.texts("modules") if top.has("modules") else (),
        **{name: top.text_map(name) for name in _MAPS if top.has(name)},
    )


def decode_machine(data: bytes, source: str) -> Machine:
    """Parse the file of a machine; `source` is its path, for messages. Raises InputInvalid."""
    top = Reader(schemas.current(yaml_io.load(data, source), "machine", source), source, "")
    system, kernel, cpu, driver = (top.optional(name, str) or "" for name in ("system", "kernel", "cpu", "driver"))
    cpus, memory = (top.optional(name, int) or 0 for name in ("cpus", "memory_gib"))
    return Machine(system, kernel, cpu, cpus, memory, top.texts("gpus") if top.has("gpus") else (), driver)


def _interpreter(row: Reader) -> Interpreter:
    build, kind = (row.optional(key, str) or "" for key in ("build", "kind"))
    return Interpreter(row.text("language"), row.text("version"), build, kind)


def named_in(record: bytes) -> list[str]:
    """List the paths of the environments and machines that the text of a record may name."""
    found = dict.fromkeys(_NAMED.findall(record))
    return [path_of(kind.decode(), name.decode()) for kind, name in found]


# ---- copies in the private folder, from which a file that disappears before it is committed is written again


def keep_copy(private: Path, file: Described, sharing: Sharing = UNSHARED) -> None:
    """Keep a copy of a file in the private folder. Raises WriteFailed."""
    copy = _copy(private, file.path)
    if not files.is_file(copy):
        files.write(copy, file.data, sharing=sharing)


def copy_of(private: Path, path: str) -> bytes | None:
    """Return the copy of the file at a path; None if there is none that has this name."""
    try:
        data = files.read(_copy(private, path), limit_bytes=BYTES_MAX)
    except InputInvalid:
        return None
    return data if is_intact(path, data) else None


def is_intact(path: str, data: bytes) -> bool:
    """Return whether a file has the bytes that its name says."""
    return hash_of(data) == PurePosixPath(path).stem


def _copy(private: Path, path: str) -> Path:
    return private / "environments" / PurePosixPath(path).name
