"""Templates that extend others, from their files to the record of a run and to what it is repeated with."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Run
from qanat.domain.template_source import TemplateSource
from qanat.errors import ExtendsInvalid, InputInvalid
from qanat.records.made import Notes
from qanat.usecases.launch import past_options, templates
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.rerun import Repeat, rerun
from tests.support.world import World

FOLDER = ".qanat/templates/world"
HERE = os.uname().nodename
BASE = "schema: template/1\nname: base\nrunner: world\noptions: {account: abc, time: 5}\n"
GPU = "schema: template/1\nname: gpu\nrunner: world\nextends: base\noptions: {time: 9, gres: 'gpu:1'}\n"
MERGED = {"account": "abc", "time": 9, "gres": "gpu:1"}
SOURCES = (
    TemplateSource("base", f"{FOLDER}/base.yaml", ("account",)),
    TemplateSource("gpu", f"{FOLDER}/gpu.yaml", ("time", "gres")),
)


@pytest.fixture
def extending(world: World) -> World:
    """Return a project in which the template gpu extends base, both committed."""
    world.commit("templates", **{f"{FOLDER}/base.yaml": BASE, f"{FOLDER}/gpu.yaml": GPU})
    return world


def submitted(world: World) -> Run:
    """Submit a run with the template gpu, and return its record as it is committed."""
    world.submit(template="gpu")
    committed = world.committed()
    assert committed
    return committed


def test_a_run_gets_all_options_and_its_record_says_where_each_is_from(extending: World) -> None:
    run = submitted(extending)
    assert (run.runner.template, run.runner.options, run.runner.sources) == ("gpu", MERGED, SOURCES)


def test_a_repeated_run_says_the_same(extending: World) -> None:
    submitted(extending)
    asked = (extending.find(), [], LaunchOptions("world"), Repeat())
    again = extending.started(rerun, *asked, runners=extending, ask=extending.ask, view=extending.view)
    assert (again.number, again.runner.sources) == (2, SOURCES)


def test_a_template_that_extends_nothing_has_no_sources_in_the_record(extending: World) -> None:
    assert extending.submit(template="base").runner.sources == ()


def test_a_template_in_the_settings_can_be_extended(extending: World) -> None:
    extending.set(slurm={"shared": {"account": "xyz", "-t": 5}})
    text = "schema: template/1\nname: gpu\nrunner: slurm\nextends: shared\noptions: {--time: 9}\n"
    extending.write(".qanat/templates/slurm/gpu.yaml", text)
    found = templates.find_template(extending.project, "slurm", "gpu", extending)
    assert found.options == {"account": "xyz", "--time": 9}
    assert found.sources[0] == TemplateSource("shared", ".qanat/config.yaml", ("account",))


def test_a_file_outside_can_extend_what_the_project_has(extending: World, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nrunner: world\nextends: base\n")
    found = templates.find_template(extending.project, "world", str(tmp_path / "mine.yaml"), extending)
    assert found.options == {"account": "abc", "time": 5}


def test_a_template_counts_only_on_its_machines(extending: World) -> None:
    extending.write(f"{FOLDER}/base.yaml", f"{BASE}when: {{host: [login*, '{HERE}']}}\n")
    assert templates.find_template(extending.project, "world", "gpu", extending).options == MERGED
    extending.write(f"{FOLDER}/base.yaml", f"{BASE}when: {{host: 'x.{HERE}'}}\n")
    with pytest.raises(ExtendsInvalid, match=f"extends nothing that is for this machine: base .for x.{HERE}."):
        templates.find_template(extending.project, "world", "gpu", extending)
    with pytest.raises(ExtendsInvalid, match=f"template 'base' is for x.{HERE}, not for {HERE}") as error:
        extending.submit(template="base")
    assert "qanat template show base --host NAME" in error.value.hint
    found = templates.find_template(extending.project, "world", "gpu", extending, f"x.{HERE}")
    assert found.options == MERGED


def test_the_default_template_can_extend_others_although_it_adds_nothing(extending: World) -> None:
    extending.write(f"{FOLDER}/default.yaml", GPU.replace("gpu\n", "default\n").partition("options")[0])
    assert extending.submit().runner.options == {"account": "abc", "time": 5}


def test_templates_are_listed_with_what_they_come_to_or_as_they_are(extending: World) -> None:
    def listed() -> dict[str, object]:
        found = templates.listed(extending.project, extending)
        assert found.notes == []
        return {row["name"]: row["options"] for row in found.contents if row["runner"] == "world"}

    assert listed() == {"base": {"account": "abc", "time": 5}, "gpu": MERGED}
    extending.write(f"{FOLDER}/base.yaml", f"{BASE}when: {{host: elsewhere}}\n")
    assert listed() == {"base": {"account": "abc", "time": 5}, "gpu": {"time": 9, "gres": "gpu:1"}}


# ---- repeating runs


def by_somebody_else(world: World, run: Run) -> Run:
    """Return a run as if it was launched in another clone."""
    Notes(world.project.location.private).forget(run.id)
    return run


def test_inherited_options_of_somebody_elses_run_are_those_of_its_template(extending: World) -> None:
    run = by_somebody_else(extending, submitted(extending))
    past_options.check(extending.project, run, extending)
    forged = replace(run, runner=replace(run.runner, options={**MERGED, "account": "sh -c"}))
    with pytest.raises(InputInvalid, match="has option 'account' of world, unlike its template"):
        past_options.check(extending.project, forged, extending)


def test_what_a_template_came_to_at_the_commit_of_the_run_counts_too(extending: World) -> None:
    run = by_somebody_else(extending, submitted(extending))
    extending.commit("other", **{f"{FOLDER}/base.yaml": BASE.replace("abc", "xyz")})
    past_options.check(extending.project, run, extending)
    elsewhere = replace(run, code=replace(run.code, commit=extending.head))
    with pytest.raises(InputInvalid, match="has option 'account' of world"):
        past_options.check(extending.project, elsewhere, extending)


def test_what_a_template_came_to_on_the_machine_of_the_run_counts(extending: World) -> None:
    run = by_somebody_else(extending, submitted(extending))
    extending.commit("hosts", **{f"{FOLDER}/base.yaml": f"{BASE}when: {{host: login*}}\n"})
    there = replace(run, host="login3", code=replace(run.code, commit=extending.head))
    past_options.check(extending.project, there, extending)
    with pytest.raises(InputInvalid, match="unlike its template"):
        past_options.check(extending.project, replace(there, host="laptop"), extending)
