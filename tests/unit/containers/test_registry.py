"""Which engine runs an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.containers import registry
from qanat.domain.container import Image, Kind
from qanat.errors import RunnerUnavailable, UsageError

SIF, FOLDER, NAME = (Image(kind, "image") for kind in (Kind.SIF, Kind.FOLDER, Kind.NAME))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH, which is empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, *names: str) -> None:
    """Put programs on the PATH."""
    for name in names:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)


def test_the_first_installed_engine_that_takes_an_image_runs_it(programs: Path) -> None:
    install(programs, "singularity", "docker")
    assert registry.choose(SIF, None, elsewhere=False).name == "singularity"
    assert registry.choose(FOLDER, None, elsewhere=False).name == "singularity"
    assert registry.choose(NAME, None, elsewhere=False).name == "docker"
    install(programs, "apptainer", "ch-run", "podman")
    assert registry.choose(SIF, None, elsewhere=False).name == "apptainer"
    assert registry.choose(FOLDER, None, elsewhere=False).name == "charliecloud"
    assert registry.choose(NAME, None, elsewhere=False).name == "podman"
    assert registry.choose(FOLDER, "apptainer", elsewhere=False).name == "apptainer"


def test_an_engine_that_is_missing_is_missed_at_once(programs: Path) -> None:
    with pytest.raises(RunnerUnavailable, match="needs apptainer or singularity, which are not installed"):
        registry.choose(SIF, None, elsewhere=False)
    with pytest.raises(RunnerUnavailable, match="podman is not on PATH"):
        registry.choose(NAME, "podman", elsewhere=False)


def test_the_machines_of_a_cluster_may_have_an_engine_that_this_one_lacks(programs: Path) -> None:
    assert registry.choose(SIF, None, elsewhere=True).name == "apptainer"
    assert registry.choose(SIF, "singularity", elsewhere=True).name == "singularity"
    with pytest.raises(RunnerUnavailable, match="needs podman or docker"):
        registry.choose(NAME, None, elsewhere=True)


def test_an_engine_runs_only_what_it_takes(programs: Path) -> None:
    with pytest.raises(UsageError, match="engine podman cannot run image image") as caught:
        registry.choose(SIF, "podman", elsewhere=False)
    assert caught.value.hint == "it runs Dockerfiles, image archives and images by name"
    with pytest.raises(UsageError, match="engine 'rkt' does not exist") as caught:
        registry.choose(SIF, "rkt", elsewhere=False)
    assert "charliecloud, apptainer" in caught.value.hint


def installed_package(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Install a package that has an engine `shifter`."""
    (folder / "shifting.py").write_text(code)
    about = folder / "shifting-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shifting\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[qanat.containers]\nshifter = shifting:Shifter\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "shifting", raising=False)


SHIFTER = """\
from qanat.containers.protocol import FoundImage, Kind

class Shifter:
    name = "shifter"
    takes = frozenset({Kind.NAME})
    def check(self): pass
    def find(self, image, identity, *, make): return FoundImage(image.name, "sha256:1")
    def command(self, inside, program): return ("shifter", f"--image={inside.image}", *program)
    def problem(self, inside): return ""
"""


def test_an_engine_of_another_package_is_found(
    programs: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_package(tmp_path_factory.mktemp("site"), monkeypatch, SHIFTER)
    assert registry.engine("shifter").name == "shifter"
    assert registry.choose(NAME, None, elsewhere=False).name == "shifter"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("class Shifter:\n    name = 'shifter'\n", "does not fit this qanat: it has no takes, check, find"),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, problem: str) -> None:
    installed_package(tmp_path, monkeypatch, code)
    with pytest.raises(RunnerUnavailable, match=f"engine 'shifter' of package shifting {problem}"):
        registry.engine("shifter")
