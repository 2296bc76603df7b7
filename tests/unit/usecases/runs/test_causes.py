"""Why a rerun may differ: what is known of the code, the data and the machines of two runs, and what is not."""

from __future__ import annotations

from dataclasses import replace

from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.environment import Environment, Interpreter
from qanat.domain.run import Run
from qanat.records import environments
from qanat.usecases.runs.causes import causes
from tests.support.world import World

UNKNOWN = "environment: not recorded for both runs"
STATE = DataState("iris", "stat", files=3, bytes=10, newest="2026-11-23T05:17:55+00:00")


def of_two(world: World) -> tuple[Run, Run]:
    """Return two runs, of the same code."""
    world.experiment("exit 0\n")
    return world.launch(), world.launch()


def test_the_same_code_is_said_to_be_the_same_and_changed_files_are_named(world: World) -> None:
    first, again = of_two(world)
    assert causes(world.project, first, again) == ["code: the same", UNKNOWN]
    world.write("model.py", "new")
    world.write("train.sh", "exit 1\n")
    world.git("add", "-A")
    world.git("commit", "-qm", "change")
    code, *_ = causes(world.project, first, world.launch())
    assert code == "code: 2 files differ: model.py, train.sh"


def test_definitions_are_no_other_code_and_files_outside_narrowed_code_are_named(world: World) -> None:
    first, _ = of_two(world)
    world.commit(**{".qanat/plans/a.yaml": ""})
    again = world.launch()
    assert first.code.tree != again.code.tree
    assert causes(world.project, first, again)[0] == "code: the same"
    world.experiment("exit 0\n", code={"paths": ["train.sh"]})
    first = world.launch()
    world.commit(**{"model.py": "new"})
    what = "code: the same; 1 file differs outside its paths: model.py"
    assert causes(world.project, first, world.launch())[0] == what
    world.experiment("exit 0\n", code={"paths": ["train.sh"]}, executable_command="sh -e")
    assert causes(world.project, first, world.launch())[:2] == [what, "command: sh -e train.sh, was sh train.sh"]


def test_code_that_was_narrowed_since_is_compared_as_it_is_now(world: World) -> None:
    first, _ = of_two(world)
    world.experiment("exit 0\n", code={"paths": ["src"]})
    world.commit(**{".gitignore": "/results\n/x\n", "src/a.py": ""})
    known = world.launch()
    assert causes(world.project, first, known)[0] == (
        "code: 1 file differs: src/a.py; 1 file differs outside its paths: .gitignore"
    )
    world.commit(**{".gitignore": "/results\n"})
    assert causes(world.project, known, world.launch())[0] == (
        "code: the same; 1 file differs outside its paths: .gitignore"
    )
    (world.root / ".qanat/experiments/train.yaml").unlink()
    assert causes(world.project, first, known)[0] == "code: 2 files differ: .gitignore, src/a.py"


def test_what_may_have_been_other_code_is_said(world: World) -> None:
    first, again = of_two(world)
    code = replace(first.code, changed_while_running=True, untracked=(".qanat/datasets/a.yaml", "notes.py"))
    assert causes(world.project, replace(first, code=code), again)[1:3] == [
        f"code: files changed while run {first.number} was running",
        f"code: untracked files lay beside that of run {first.number}: notes.py",
    ]
    code = replace(first.code, untracked=(".qanat/datasets/a.yaml",))
    assert causes(world.project, replace(first, code=code), again) == ["code: the same", UNKNOWN]


def test_data_are_the_same_or_differ_or_nobody_knows(world: World) -> None:
    first, again = (replace(run, datasets={"iris": "data/iris"}) for run in of_two(world))
    unknown = "data: it is not recorded what was in iris"
    assert causes(world.project, first, again)[1] == unknown
    assert causes(world.project, replace(first, data=(STATE,)), again)[1] == unknown
    first, again = replace(first, data=(STATE,)), replace(again, data=(STATE,))
    assert causes(world.project, first, again)[1] == "data: the same: iris"
    hashed = replace(again, data=(DataState("iris", "hash", files=3, bytes=10, id="sha256:1"),))
    unclear = "data: what is recorded does not show whether these differ: iris"
    assert causes(world.project, first, hashed)[1] == unclear
    again = replace(again, data=(replace(STATE, files=4),))
    assert causes(world.project, first, again)[1] == "data: iris: 4 files, was 3"


def test_other_machines_are_named(world: World) -> None:
    first, again = of_two(world)
    moved = replace(first, groups=tuple(replace(group, host="node7") for group in first.groups))
    assert causes(world.project, moved, again)[1] == f"machine: node7, now {again.host}"


def test_containers_are_compared_in_place_of_environments(world: World) -> None:
    first, again = of_two(world)
    before, now = Container("a.sif", "apptainer", "sha256:1"), Container("a.sif", "singularity", "sha256:2", gpu=True)
    for pair, expected in {
        (before, before): ["container: the same"],
        (before, now): [
            "container: a.sif sha256:2, was sha256:1; engine: singularity, was apptainer; gpu: yes, was no"
        ],
        (before, None): ["container: none, was a.sif", UNKNOWN],
    }.items():
        runs = [replace(run, container=container) for run, container in zip((first, again), pair, strict=True)]
        assert causes(world.project, *runs)[1:] == expected


def test_environments_are_compared(world: World) -> None:
    first, again = of_two(world)
    old, new = (Environment(Interpreter("python", "3.12.4"), distributions={"numpy": v}) for v in ("1.26", "2.1"))
    hashes = []
    for environment in (old, new):
        file = environments.encode(environment)
        world.write(file.path).write_bytes(file.data)
        hashes.append(file.hash)
    first, again = (replace(run, environment=name) for run, name in zip((first, again), hashes, strict=True))
    assert causes(world.project, first, again)[-1] == "environment: numpy 2.1, was 1.26"
    assert causes(world.project, first, first)[-1] == "environment: the same"
    (world.root / environments.path_of("environment", hashes[0])).write_text("schema: environment/1\n")
    assert causes(world.project, first, again)[-1] == UNKNOWN
