"""The shared libraries that programs name."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from qanat.system.elf import Needs, needs_of
from tests.support.elf import NEEDED, RPATH, RUNPATH, program


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_names_and_folders_are_read(tmp_path: Path) -> None:
    data = program((NEEDED, "liba.so.1"), (NEEDED, "libm.so.6"), (RPATH, "$ORIGIN/lib:/opt/lib"))
    folders = (f"{tmp_path}/lib", "/opt/lib")
    assert needs_of(written(tmp_path / "x", data)) == Needs(("liba.so.1", "libm.so.6"), rpath=folders)
    data = program((RPATH, "/old"), (RUNPATH, "/not/this"), (RUNPATH, "${ORIGIN}/lib:/opt/lib"))
    assert needs_of(written(tmp_path / "x", data)) == Needs((), runpath=folders)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_what_a_compiler_makes_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int a(void) { return 0; }\n")
    (tmp_path / "m.c").write_text("int a(void); int main(void) { return a(); }\n")
    for line in ("-shared -fPIC -o liba.so a.c", "-o main m.c -L. -la -Wl,-rpath,$ORIGIN"):
        subprocess.run(["cc", *line.split()], cwd=tmp_path, check=True)
    found = needs_of(tmp_path / "main")
    assert found.names[0] == "liba.so"
    assert (*found.rpath, *found.runpath) == (str(tmp_path),)


@pytest.mark.parametrize("size", [0, 10, 64, 100, 180, 200, 230])
def test_what_is_cut_off_names_nothing_that_is_not_there(tmp_path: Path, size: int) -> None:
    data = program((NEEDED, "liba.so.1"))
    assert needs_of(written(tmp_path / "x", data[:size])).names in ((), ("",), ("liba.so.1"[: max(0, size - 225)],))


def test_few_bytes_do_not_stand_for_many_names(tmp_path: Path) -> None:
    name = "x" * 4000
    data = program(*[(NEEDED, name)] * 10)
    header = data[120:176]  # of the dynamic section
    assert struct.unpack_from("<I", header) == (2,)
    often = data + data[64:120] + header * 1000
    often = often[:32] + struct.pack("<Q", len(data)) + often[40:56] + struct.pack("<H", 1001) + often[58:]
    assert needs_of(written(tmp_path / "x", often)) == Needs((name,) * 10)
    assert len(needs_of(written(tmp_path / "x", program(*[(NEEDED, "")] * 3000))).names) <= 2**11


def test_what_is_no_such_file_needs_nothing(tmp_path: Path) -> None:
    data = program((NEEDED, "liba.so.1"))
    for text in (b"#!/bin/sh\n", data.replace(b"ELF\x02", b"ELF\x01", 1)):
        assert needs_of(written(tmp_path / "x", text)) == Needs()
    far = data[:32] + struct.pack("<Q", 2**64 - 1) + data[40:]
    assert needs_of(written(tmp_path / "x", far)) == Needs()
    assert needs_of(tmp_path / "gone") == needs_of(tmp_path) == Needs()
