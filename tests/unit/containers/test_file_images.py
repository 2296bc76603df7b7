"""For which machine an image is that is a file or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.containers import file_images
from qanat.domain.container import Image, Kind
from qanat.errors import NotFound


def elf(machine: int, *, big: bool = False) -> bytes:
    """Return the beginning of a program for a machine."""
    order = "big" if big else "little"
    return b"\x7fELF" + bytes([2, 2 if big else 1]) + bytes(12) + machine.to_bytes(2, order)  # type: ignore[arg-type]


def machine_of(path: Path) -> str:
    """Return the machine of an image."""
    return file_images.found(Image(Kind.FOLDER, "image", path, "12")).machine


@pytest.mark.parametrize(
    ("head", "machine"),
    [
        (elf(62), "x86_64"),
        (elf(183), "aarch64"),
        (elf(21), "ppc64le"),
        (elf(21, big=True), "ppc64"),
        (elf(9999), ""),
        (b"#!/bin/sh\n", ""),
    ],
)
def test_a_folder_is_for_the_machine_of_its_shell(tmp_path: Path, head: bytes, machine: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").write_bytes(head)
    assert machine_of(tmp_path) == machine


def test_a_link_in_an_image_starts_at_its_root(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to("/usr/bin/dash")
    (tmp_path / "usr/bin/dash").write_bytes(elf(183))
    assert machine_of(tmp_path) == "aarch64"
    (tmp_path / "usr/bin/dash").unlink()
    (tmp_path / "usr/bin/dash").symlink_to("dash")
    assert machine_of(tmp_path) == ""


def test_the_header_of_a_sif_file_says_for_which_machine_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"04\0")
    found = file_images.found(Image(Kind.SIF, "a.sif", file, "12"))
    assert (found.reference, found.identity, found.machine) == (str(file), "sha256:12", "aarch64")
    file.write_bytes(b"hsqs")
    assert machine_of(file) == ""


def test_an_image_that_does_not_exist_is_looked_for_somewhere(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"image a\.sif does not exist") as caught:
        file_images.found(Image(Kind.SIF, "a.sif", tmp_path / "a.sif"))
    assert caught.value.hint == f"there is nothing at {tmp_path}/a.sif"
