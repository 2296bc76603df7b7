"""The earlier runs with which new ones are compared, even while another process writes records."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.comparison import parameters_of
from qanat.domain.run import State
from qanat.domain.setting import key_of
from qanat.git import repository
from qanat.git.trees import Trees
from qanat.usecases.review.baselines import Baselines
from qanat.usecases.tracking import record
from tests.support.world import World
from tests.unit.records.example import RUN


def test_a_record_belongs_to_its_run_beside_a_writer(world: World) -> None:
    def write(number: int) -> None:
        groups = (replace(RUN.groups[0], args=("--n", str(number)), state=State.FINISHED),)
        created = f"2026-11-23T05:00:{number:02}+00:00"
        record.create_record(world.project, replace(RUN, number=number, created=created, groups=groups))

    count = 3

    def write_another(_: str) -> None:
        nonlocal count
        count += 1
        write(count)
        with world.project.index() as other:
            other.sync()

    for number in (1, 2, 3):
        write(number)
    new = replace(world.recorded(2), uid="b81e02", number=50)
    trees = Trees(world.project.location, repository.open_repository(world.project.location))
    with world.project.index() as index:
        index.sync()
        index._database.set_trace_callback(write_another)
        found = Baselines(index, trees, dict).find(["summary_iris"], [new])
        index._database.set_trace_callback(None)
    (runs,) = found.values()
    assert list(found) == [key_of(parameters_of(new.groups[0]))]
    assert [run.id for run in runs] == ["2-7f3a9c"]
