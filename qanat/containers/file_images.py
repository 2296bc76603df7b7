"""Images that are files or folders: for which machine they are, by what is in them."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

from qanat.containers.protocol import FoundImage
from qanat.domain.container import Image
from qanat.errors import ImageNotFound
from qanat.system import files

# https://github.com/sylabs/sif, pkg/sif: the header has a script of 32 bytes, "SIF_MAGIC\0", the version and this.
_SIF_MAGIC, _SIF_AT = b"SIF_MAGIC\0", 32
_SIF_MACHINES = {b"01": "i686", b"02": "x86_64", b"03": "armv7l", b"04": "aarch64", b"06": "ppc64le", b"11": "s390x"}
# elf(5): e_machine is at 18, and the byte at 5 is 2 if numbers are big-endian.
_ELF_MACHINES = {3: "i686", 20: "ppc", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_ELF_PPC64 = 21
_PROGRAMS = ("bin/sh", "bin/busybox", "usr/bin/env", "usr/bin/bash")
_LINKS_MAX = 10


def found(image: Image) -> FoundImage:
    """Return an image that is a file or folder. Raises ImageNotFound if there is none."""
    path = image.path
    if path is None or not files.exists(path):
        raise ImageNotFound(f"image {image.name} does not exist", hint=f"there is nothing at {path or image.name}")
    machine = _of_folder(path) if files.is_folder(path) else _of_file(path)
    return FoundImage(str(path), f"sha256:{image.content}" if image.content else "", machine)


def _of_file(path: Path) -> str:
    head = _read(path, 64)
    if head[_SIF_AT : _SIF_AT + len(_SIF_MAGIC)] != _SIF_MAGIC:
        return ""
    start = _SIF_AT + len(_SIF_MAGIC) + 3
    return _SIF_MACHINES.get(head[start : start + 2], "")


def _of_folder(root: Path) -> str:
    for name in _PROGRAMS:
        head = _read(_inside(root, name), 20)
        if head[:4] == b"\x7fELF" and len(head) == 20:
            (number,) = struct.unpack(">H" if head[5] == 2 else "<H", head[18:20])
            ppc64 = "ppc64" if head[5] == 2 else "ppc64le"
            return ppc64 if number == _ELF_PPC64 else _ELF_MACHINES.get(number, "")
    return ""


def _inside(root: Path, name: str) -> Path:
    """Return where a file of an image is: a link in it starts at the image's root, not at that of this machine."""
    for _ in range(_LINKS_MAX):
        path = root / name.lstrip("/")
        if not path.is_symlink():
            break
        target = str(path.readlink())
        name = target if target.startswith("/") else f"{Path(name).parent}/{target}"
    return root / name.lstrip("/")


def _read(path: Path, count: int) -> bytes:
    with suppress(OSError), files.open_for_reading(path) as file:
        return file.read(count)
    return b""
