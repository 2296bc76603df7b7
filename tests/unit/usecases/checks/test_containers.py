"""What `validate` says about the container of an experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.containers import registry
from qanat.usecases.checks import containers, validate
from tests.support.world import World

X = ".qanat/experiments/x.yaml"
KNOWN = ", ".join(registry.names())


def found(world: World, container: str) -> list[str]:
    """List what validate says about an experiment with this container, without the file's name."""
    text = "schema: experiment/1\nname: x\nexecutable: train.sh\nexecutable_command: sh\n"
    world.write(X, f"{text}container: {container}\n")
    with world.project.index() as index:
        problems = validate.validate(world.project, index, [world.root / X])
    return [str(problem).removeprefix(f"{X}:") for problem in problems]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (
            "{image: python, engine: podmn}",
            ["5: container.engine: engine 'podmn' does not exist; did you mean podman?"],
        ),
        (
            "{image: python, engine: xyz}",
            [f"5: container.engine: engine 'xyz' does not exist; known: {KNOWN}"],
        ),
        (
            "{image: a.sif, engine: podman}",
            [
                "5: container.engine: podman cannot run image a.sif: "
                "it runs Dockerfiles, image archives and images by name"
            ],
        ),
        (
            "{image: a.sif, binds: [/ok, '/a:/b:/c', '/tmp:tmp', '~/x:ro']}",
            [
                "5: item 2 of container.binds: '/a:/b:/c' is not SOURCE or SOURCE:TARGET, either with :ro",
                "5: item 3 of container.binds: '/tmp:tmp' has the target tmp, which is not an absolute path",
            ],
        ),
    ],
)
def test_an_engine_and_binds_have_to_be_possible(world: World, container: str, expected: list[str]) -> None:
    assert found(world, container) == expected


@pytest.mark.parametrize("container", ["a.sif", "{image: images/folder, engine: charliecloud}", "{image: python}"])
def test_an_image_may_be_missing_from_a_clone(world: World, container: str) -> None:
    assert found(world, container) == []


def test_a_hook_knows_no_engines_of_other_packages(tmp_path: Path) -> None:
    for engine, count in {"enroot": 0, "podmann": 1}.items():
        content = {"container": {"image": "python", "engine": engine}}
        assert len(list(containers.problems(tmp_path, content, installed=False))) == count
