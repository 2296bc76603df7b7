"""Telling git how to merge the files of a project: tracked lines, and a driver in the config of each clone."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import qanat
from qanat.errors import UsageError
from qanat.usecases.merging import setup
from qanat.usecases.merging.setup import Changed
from tests.support.world import World

RULES = "/.qanat/**/*.yaml merge=qanat\n/.qanat/runs/**/*.md merge=union\n"


def driver(world: World) -> str:
    """Return the command line of the driver."""
    return world.git("config", "--get", "merge.qanat.driver")


def test_a_project_is_set_up_once(world: World) -> None:
    (world.root / ".gitattributes").unlink()
    world.git("config", "--remove-section", "merge.qanat")
    assert setup.set_up(world.project) == Changed(attributes=True, driver=True)
    assert (world.root / ".gitattributes").read_text() == RULES
    assert setup.set_up(world.project) == Changed(attributes=False, driver=False)
    assert (world.root / ".gitattributes").read_text() == RULES


def test_other_lines_stay(world: World) -> None:
    (world.root / ".gitattributes").write_text("*.bin binary")
    assert setup.set_up(world.project).attributes
    assert (world.root / ".gitattributes").read_text() == f"*.bin binary\n{RULES}"


def test_the_driver_names_this_very_python_and_package(world: World) -> None:
    words = shlex.split(driver(world))
    assert words[:2] == ["if", "test"]
    assert words.count(sys.executable) == 3
    assert str(Path(qanat.__file__).parent) in driver(world)
    assert " -P -m qanat merge-driver --marker-size %L %O %A %B %P; " in driver(world)
    assert world.git("config", "merge.qanat.name") == "qanat's records and definitions"


def test_without_qanat_the_driver_does_what_git_would_have_done(world: World, tmp_path: Path) -> None:
    for name, text in (("base", "a\n"), ("ours", "b\n"), ("theirs", "c\n")):
        (tmp_path / name).write_text(text)
    gone = driver(world).replace(sys.executable, "/nowhere/python")
    places = {"%L": "7", "%O": "base", "%A": "ours", "%B": "theirs", "%P": "x"}
    line = re.sub("%[LOABP]", lambda match: places[match[0]], gone)
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "/nowhere/python no longer has qanat" in done.stderr
    assert (tmp_path / "ours").read_text() == "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"


def test_a_percent_sign_in_a_path_is_none_of_gits_places(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/100%/my python")
    assert setup.set_driver(world.project.location)
    assert driver(world).startswith("if test -x '/opt/100%%/my python' && ")


def test_what_is_no_file_in_the_place_of_attributes_is_refused(world: World) -> None:
    path = world.root / ".gitattributes"
    kept = path.rename(world.root / "kept")
    path.symlink_to(kept)
    with pytest.raises(UsageError, match=r"\.gitattributes is not a file that git reads"):
        setup.set_up(world.project)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=r"\.gitattributes is not a file that git reads"):
        setup.set_up(world.project)


# ---- clones


def test_a_clone_that_has_only_the_lines_gets_the_driver(world: World) -> None:
    expected = driver(world)
    world.git("config", "--remove-section", "merge.qanat")
    setup.set_driver_of_clone(world.project)
    assert driver(world) == expected


def test_a_repository_without_the_lines_gets_none(world: World) -> None:
    world.git("config", "--remove-section", "merge.qanat")
    for text in ("*.yaml merge=qanat\n", None):
        path = world.root / ".gitattributes"
        path.unlink() if text is None else path.write_text(text)
        setup.set_driver_of_clone(world.project)
        assert "merge.qanat" not in world.git("config", "--list")


def test_a_driver_whose_python_is_gone_is_replaced(world: World) -> None:
    expected = driver(world)
    world.git("config", "merge.qanat.driver", expected.replace(sys.executable, "'/nowhere/100%% python'"))
    setup.set_driver_of_clone(world.project)
    assert driver(world) == expected


def test_a_driver_of_another_environment_that_is_there_stays(world: World, tmp_path: Path) -> None:
    other = tmp_path / "100% python"
    other.write_text("")
    named = driver(world).replace(shlex.quote(sys.executable), shlex.quote(str(other).replace("%", "%%")))
    world.git("config", "merge.qanat.driver", named)
    setup.set_driver_of_clone(world.project)
    assert driver(world) == named


def test_a_driver_that_the_user_wrote_stays(world: World) -> None:
    for own in ("my-merge %O %A %B", "test -x /nowhere && my-merge", ""):
        world.git("config", "merge.qanat.driver", own)
        setup.set_driver_of_clone(world.project)
        assert driver(world) == own


def test_a_config_that_cannot_be_written_is_never_worth_a_word(world: World) -> None:
    world.git("config", "--remove-section", "merge.qanat")
    (world.root / ".git/config.lock").touch()
    setup.set_driver_of_clone(world.project)
    assert "merge.qanat" not in world.git("config", "--list")
