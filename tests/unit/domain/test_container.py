"""What an image is, and what a bind says."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.container import Container, Kind, Mount, kind_of, read_bind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("images/a.sif", Kind.SIF),
        ("A.SIF", Kind.SIF),
        ("a.sqfs", Kind.SQUASHFS),
        ("a.squashfs", Kind.SQUASHFS),
        ("a.tar", Kind.ARCHIVE),
        ("a.tar.gz", Kind.ARCHIVE),
        ("Dockerfile", Kind.RECIPE),
        ("docker/Containerfile.gpu", Kind.RECIPE),
        ("gpu.Dockerfile", Kind.RECIPE),
        ("Dockerfiles", Kind.NAME),
        ("docker.io/library/python:3.12", Kind.NAME),
        ("python", Kind.NAME),
    ],
)
def test_the_name_of_an_image_says_what_it_is(name: str, kind: Kind) -> None:
    assert kind_of(name, None) is kind


def test_a_folder_is_an_image_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "a.sif").mkdir()
    assert kind_of("a.sif", tmp_path / "a.sif") is Kind.FOLDER


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/a", Mount("/a", "/a")),
        ("/a:/b", Mount("/a", "/b")),
        ("/a:ro", Mount("/a", "/a", read_only=True)),
        ("/a:/b:ro", Mount("/a", "/b", read_only=True)),
        ("/a:rw", Mount("/a", "/a")),
    ],
)
def test_a_bind_has_a_source_and_may_have_a_target(text: str, mount: Mount) -> None:
    assert read_bind(text) == mount


@pytest.mark.parametrize("text", ["", ":/b", "/a:", "/a:/b:/c", "/a:/b:rx", ":ro"])
def test_anything_else_is_no_bind(text: str) -> None:
    with pytest.raises(ValueError, match=r"^" if text == "" else text):
        read_bind(text)


def test_the_container_of_a_run_can_be_asked_for_again() -> None:
    container = Container("a.sif", "apptainer", "sha256:12", ("/a",), gpu=True, options=("--x",))
    again = container.again()
    assert (again.image, again.engine, again.binds, again.gpu, again.options, again.identity) == (
        *("a.sif", "apptainer", ("/a",), True, ("--x",), "sha256:12"),
    )
