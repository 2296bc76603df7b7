"""Definitions that others need are not deleted, and broken ones are refused."""

from __future__ import annotations

import pytest

from qanat.errors import InputInvalid, UsageError
from qanat.usecases.definitions import define
from tests.support.world import World


def test_a_dataset_that_experiments_read_is_not_deleted(world: World) -> None:
    world.commit(**{".qanat/datasets/d.yaml": "schema: dataset/1\nname: d\npath: train.sh\n"})
    world.write(".qanat/experiments/broken.yaml", "name: [")
    define.check_unused(world.project, "d")
    world.experiment("true", datasets=["d"])
    with pytest.raises(UsageError, match=r"^experiment train reads dataset d$") as error:
        define.check_unused(world.project, "d")
    assert error.value.hint == "first remove it from the datasets in .qanat/experiments/train.yaml"
    for number in range(5):
        world.experiment("true", f"e{number}", datasets=["d"])
    with pytest.raises(UsageError, match=r"^experiments e0, e1, e2, e3, e4, … read dataset d$") as error:
        define.check_unused(world.project, "d")
    assert error.value.hint == "first remove it from the datasets in .qanat/experiments/e0.yaml and the others"


def test_a_broken_definition_is_refused_each_time_until_it_is_mended(world: World) -> None:
    project = world.project
    world.write(".qanat/datasets/d.yaml", "name: [")
    for _ in range(2):
        with pytest.raises(InputInvalid, match=r"^\.qanat/datasets/d\.yaml:"):
            project.dataset("d")
    world.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: train.sh\n")
    assert project.dataset("d").path == "train.sh"
