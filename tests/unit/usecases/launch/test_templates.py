"""Finding a submit template by what a person calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qanat.domain.experiment import Template
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.runners.registry import Registry
from qanat.usecases.launch import templates
from tests.support.world import World

BIG = "schema: template/1\nname: big\nrunner: {}\noptions:\n  {}: 8\n"


@pytest.fixture
def project(world: World) -> World:
    """Return a project with a template `big` for each of two runners."""
    world.write(".qanat/templates/slurm/big.yaml", BIG.format("slurm", "--mem"))
    world.write(".qanat/templates/htcondor/big.yaml", BIG.format("htcondor", "request_cpus"))
    return world


def find(world: World, runner: str, name: str | None) -> Template:
    """Find a template."""
    return templates.find_template(world.project, runner, name, world)


def test_a_template_is_one_of_its_runner(project: World) -> None:
    assert find(project, "slurm", "big") == Template("big", "slurm", {"--mem": 8})
    assert find(project, "htcondor", "big").options == {"request_cpus": 8}


def test_without_a_name_it_is_default_and_no_options_where_there_is_none(project: World) -> None:
    assert find(project, "slurm", None).options == Registry().default_templates()["slurm"]
    assert find(project, "world", None) == Template("default", "world", {})
    with pytest.raises(NotFound, match="no template or file named 'default' for world"):
        find(project, "world", "default")


def test_a_template_that_is_not_there_is_told_with_those_that_are(project: World) -> None:
    with pytest.raises(NotFound, match="no template or file named 'bgi' for slurm") as error:
        find(project, "slurm", "bgi")
    assert "big" in error.value.hint


# ---- files


def test_a_file_is_a_template(project: World, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("schema: template/1\nname: mine\nrunner: slurm\noptions: {--mem: 9}\n")
    assert find(project, "slurm", str(path)) == Template("mine", "slurm", {"--mem": 9})
    with pytest.raises(InputInvalid, match="is a template for slurm, not for htcondor"):
        find(project, "htcondor", str(path))


def test_a_file_comes_before_a_template_of_the_same_name(project: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    project.write("big", "schema: template/1\nname: big\nrunner: slurm\noptions: {--mem: 1}\n")
    assert find(project, "slurm", "big").options == {"--mem": 1}
    project.write("default", "schema: template/1\nname: default\nrunner: slurm\noptions: {--mem: 1}\n")
    assert find(project, "slurm", None).options == Registry().default_templates()["slurm"]


# ---- the settings


def test_the_settings_may_have_templates(project: World) -> None:
    project.set(slurm={"small": {"--mem": 1}, "big": {"--mem": 2}, "default": {"--mem": 3}})
    assert find(project, "slurm", "small") == Template("small", "slurm", {"--mem": 1})
    assert find(project, "slurm", "big").options == {"--mem": 8}
    assert find(project, "slurm", None).options == {"--mem": 3}
    with pytest.raises(NotFound):
        find(project, "htcondor", "small")


def test_a_default_template_that_was_changed_comes_before_the_settings(project: World) -> None:
    project.set(slurm={"default": {"--mem": 3}})
    changed = BIG.format("slurm", "--mem").replace("name: big", "name: default")
    project.write(".qanat/templates/slurm/default.yaml", changed)
    assert find(project, "slurm", None).options == {"--mem": 8}


def test_every_template_is_listed_as_it_is_stored(project: World) -> None:
    project.set(slurm={"small": {"--mem": 1}})
    described = BIG.format("slurm", "--mem") + "description: large\n"
    project.write(".qanat/templates/slurm/big.yaml", described)
    found = templates.listed(project.project, project).contents
    assert [(row["runner"], row["name"]) for row in found] == [
        ("htcondor", "big"),
        ("htcondor", "default"),
        ("slurm", "big"),
        ("slurm", "default"),
        ("slurm", "small"),
    ]
    assert list(found[2].items()) == [
        ("schema", "template/1"),
        ("name", "big"),
        ("runner", "slurm"),
        ("description", "large"),
        ("options", {"--mem": 8}),
    ]
    assert "description" not in found[0]


# ---- by name alone


def test_the_runner_may_be_left_out_when_only_one_has_a_template_of_this_name(project: World) -> None:
    project.write(".qanat/templates/slurm/only.yaml", BIG.format("slurm", "--mem").replace("big", "only"))
    assert templates.find_by_name(project.project, "only", None, project).runner == "slurm"
    assert templates.find_by_name(project.project, "big", "slurm", project).runner == "slurm"
    with pytest.raises(UsageError, match="htcondor and slurm both have a template 'big'") as error:
        templates.find_by_name(project.project, "big", None, project)
    assert error.value.hint == "choose one with --runner"
    with pytest.raises(NotFound, match="no template or file named 'onyl'") as missing:
        templates.find_by_name(project.project, "onyl", None, project)
    assert "only" in missing.value.hint


@pytest.mark.parametrize(
    ("text", "runner"),
    [
        ("schema: template/1\nname: mine\nrunner: slurm\noptions: {}\n", "slurm"),
        ("name: mine\nrunner: htcondor\noptions: {}\n", "htcondor"),
        ("--mem: 8\n", "slurm"),
        ("request_cpus: 8\n", "htcondor"),
    ],
)
def test_the_runner_of_a_file_is_told_by_what_is_in_it(project: World, tmp_path: Path, text: str, runner: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert templates.find_by_name(project.project, str(path), None, project).runner == runner


# ---- what is better left out


def warned(world: World, *paths: str) -> list[str]:
    """List what is better left out of the templates in these files."""
    return templates.warnings(world.project, world, [world.root / path for path in paths])


@pytest.fixture
def warning(world: World) -> World:
    """Return a project whose scheduler would rather do without an option, and templates that have it."""

    def warnings(options: dict[str, Any]) -> list[str]:
        return ["leave verbose out"] if "verbose" in options else []

    world.scheduler.warnings = warnings  # type: ignore[assignment, method-assign]
    world.template("loud", verbose=True)
    world.template("louder", verbose=True)
    world.template("quiet", memory="4G")
    return world


def test_a_warning_is_told_once_with_the_templates_that_it_is_about(warning: World) -> None:
    loud, louder, quiet = (f".qanat/templates/world/{name}.yaml" for name in ("loud", "louder", "quiet"))
    assert warned(warning, loud, louder, quiet) == [f"templates loud ({loud}), louder ({louder}): leave verbose out"]
    assert warned(warning, loud, quiet) == [f"template loud ({loud}): leave verbose out"]
    assert warned(warning, quiet) == warned(warning) == []


def test_templates_of_a_runner_that_is_not_installed_and_broken_ones_are_passed_over(warning: World) -> None:
    warning.write(".qanat/templates/world/loud.yaml", "broken: [\n")
    loud, louder = ".qanat/templates/world/loud.yaml", ".qanat/templates/world/louder.yaml"
    slurm = ".qanat/templates/slurm/default.yaml"
    assert warned(warning, loud, louder, slurm) == [f"template louder ({louder}): leave verbose out"]


def test_templates_of_the_settings_are_looked_at_with_the_settings(world: World) -> None:
    world.scheduler.name = "slurm"
    world.scheduler.warnings = list  # type: ignore[assignment, method-assign]
    world.set(slurm={"small": {"--mem": 1}})
    assert warned(world, ".qanat/config.yaml") == ["template small (.qanat/config.yaml): --mem"]
    assert warned(world, ".qanat/experiments/train.yaml") == []
    world.write(".qanat/config.yaml", "broken: [\n")
    assert warned(world, ".qanat/config.yaml") == []
