"""What a container has of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.containers import registry
from qanat.domain.container import Container, Mount
from qanat.errors import InputInvalid
from qanat.usecases.launch.enclosure import Enclosure, added


def mounts(*paths: Path, read_only: bool = False) -> list[Mount]:
    """Return the mounts of a container that has these paths; with read_only, only the first can be written to."""
    found: list[Mount] = []
    for number, path in enumerate(paths):
        found += added(found, str(path), read_only=read_only and number > 0)
    return found


def test_what_is_inside_of_another_path_needs_no_mount(tmp_path: Path) -> None:
    (tmp_path / "project/results").mkdir(parents=True)
    project = str(tmp_path / "project")
    assert mounts(tmp_path / "project", tmp_path / "project/results/run_1") == [Mount(project, project)]
    assert len(mounts(tmp_path / "project", tmp_path / "project_2")) == 2


def test_data_inside_of_the_project_get_a_mount_for_reading_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    found = mounts(tmp_path, tmp_path / "data", read_only=True)
    assert found[1:] == [Mount(f"{tmp_path}/data", f"{tmp_path}/data", read_only=True)]


def test_a_link_leads_to_the_same_place_inside(tmp_path: Path) -> None:
    for name in ("project", "scratch/runs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "project/results").symlink_to(tmp_path / "scratch/runs")
    behind = f"{tmp_path}/scratch/runs/1"
    assert mounts(tmp_path / "project", tmp_path / "project/results/1")[1:] == [Mount(behind, behind)]
    (tmp_path / "home").symlink_to(tmp_path / "scratch")
    assert mounts(tmp_path / "home/runs") == [Mount(f"{tmp_path}/scratch/runs", f"{tmp_path}/home/runs")]


def test_a_path_with_a_colon_cannot_be_bound(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="a:b cannot be bound: it contains a colon"):
        mounts(tmp_path / "a:b")


def test_a_folder_is_mounted_before_what_is_in_it(tmp_path: Path) -> None:
    container = Container("a.sif", "apptainer", "sha256:1", binds=("/scratch:ro",))
    place, above = tmp_path / "project", Mount(str(tmp_path), str(tmp_path), read_only=True)
    own = (Mount(str(place), str(place)), above)
    enclosure = Enclosure(container, registry.engine("apptainer"), "a.sif", place, own)
    command = enclosure.command(place / "results", ["true"])
    assert command.index(f"{tmp_path}:{tmp_path}:ro") < command.index(f"{place}:{place}")


def test_an_image_that_lacks_folders_gets_the_command_that_creates_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, image = tmp_path / "bin", tmp_path / "an image"
    programs.mkdir()
    image.mkdir()
    (programs / "ch-run").write_text('#!/bin/sh\necho "can\'t mkdir: /srv" >&2\nexit 1\n')
    (programs / "ch-run").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    container = Container("an image", "charliecloud", "sha256:1")
    own = (Mount("/srv/a b", "/srv/a b"),)
    enclosure = Enclosure(container, registry.engine("charliecloud"), str(image), tmp_path, own)
    with pytest.raises(InputInvalid, match="charliecloud cannot start image an image: can't mkdir: /srv") as caught:
        enclosure.check(Path("/srv/a b/results"))
    assert caught.value.hint == f"create what the image lacks: mkdir -p '{image}/srv/a b'"
    (image / "srv/a b").mkdir(parents=True)
    with pytest.raises(InputInvalid) as caught:
        enclosure.check(Path("/srv/a b/results"))
    assert caught.value.hint == "--dry-run prints the command of the engine"
