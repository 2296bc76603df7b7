"""Containers that HTCondor itself starts, as dry runs describe them; there is no pool here.

tests/cluster/test_containers_submitted.py submits one.
"""

from __future__ import annotations

import pytest

from tests.support.sandbox import Sandbox

UNIVERSE = "universe: container"
DRY = ("run", "--runner", "htcondor", "--dry-run", "--show-script", "--submit-template")


def template(project: Sandbox, name: str, *lines: str) -> None:
    """Define a template of HTCondor."""
    options = "".join(f"  {line}\n" for line in lines)
    text = f"schema: template/1\nname: {name}\nrunner: htcondor\noptions:\n{options}"
    project.write(f".qanat/templates/htcondor/{name}.yaml", text)
    project.commit(f"template {name}")


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with an image, an experiment, and a template that asks for the container universe."""
    sandbox.write(".git/info/exclude", "/results/\n/images/\n")
    sandbox.write("images/a.sif", "one")
    sandbox.experiment("train", "exit 0\n")
    template(sandbox, "inside", "request_cpus: 1", UNIVERSE)
    return sandbox


def test_htcondor_starts_the_container_where_the_template_asks_for_it(project: Sandbox) -> None:
    images = {
        "images/a.sif": f"{project.root}/images/a.sif",
        "docker://python:3.12": "docker://python:3.12",
        "python:3.12": "docker://python:3.12",
    }
    for image, expected in images.items():
        shown = project.qanat(*DRY, "inside", "--container", image, "train", "0").out
        assert f"\nuniverse = container\ncontainer_image = {expected}\n" in shown
        assert "\nset -- sh " in shown
        assert "apptainer" not in shown
    named = f"container_image: {project.root}/images/a.sif"
    template(project, "named", named, "Universe: Container")
    shown = project.qanat(*DRY, "named", "train", "0").out
    assert shown.count("niverse = ") == 1
    assert f"\ncontainer_image = {project.root}/images/a.sif\n" in shown
    planned = project.qanat("plan", "--json", "--runner", "htcondor", "--submit-template", "named", "train", "0").json
    assert planned["container"]["engine"] == "htcondor"
    assert planned["container"]["identity"].startswith("sha256:")


def test_one_container_in_another_and_what_htcondor_cannot_do_are_refused(project: Sandbox) -> None:
    template(project, "named", "container_image: docker://alpine")
    template(project, "plain", "request_cpus: 1")
    inside = ("--container", "images/a.sif")

    def refused(*words: str) -> str:
        return project.qanat(*words, "train", "0", code=2).err

    assert "template named has the container_image docker://alpine" in refused(*DRY, "named", *inside)
    assert "HTCondor starts the container, and not apptainer" in refused(
        *DRY, "inside", *inside, "--engine", "apptainer"
    )
    assert "HTCondor takes no gpu of a container" in refused(*DRY, "inside", *inside, "--gpu")
    assert "engine htcondor requires a template with universe: container" in refused(
        *DRY, "plain", *inside, "--engine", "htcondor"
    )
    project.write("images/a.tar", "")
    assert "engine htcondor cannot run image images/a.tar" in refused(*DRY, "inside", "--container", "images/a.tar")
    local = project.qanat("run", *inside, "--engine", "htcondor", "train", "0", code=3).err
    assert "engine htcondor only exists in jobs of HTCondor" in local
    path = project.root / ".qanat/experiments/train.yaml"
    path.write_text(f"{path.read_text()}container: {{image: images/a.sif, binds: [/tmp], options: [-x]}}\n")
    project.commit("container")
    assert "HTCondor takes no binds or options of a container" in refused(*DRY, "inside")
