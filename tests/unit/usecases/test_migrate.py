"""Updating definitions, of which none has a second version yet, and what happens while a migration is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qanat.errors import VersionTooNew
from qanat.records import definition_text, migrations, run_codec, schemas
from qanat.usecases import migrate
from qanat.usecases.checks import validate
from qanat.usecases.definitions import define
from qanat.usecases.launch import looking
from qanat.usecases.merging import merge_records
from qanat.usecases.migrate import Left
from qanat.usecases.tracking import record
from tests.support.world import GONE, World
from tests.unit.records.example import RUN

X = ".qanat/datasets/x.yaml"
OLD = "# The one of 2026.\nschema: dataset/1\nname: x\n# In short.\ndescription: Flowers\n# Here.\npath: data.csv\n"
NEW = (
    "# yaml-language-server: $schema=../cache/schemas/dataset.v2.schema.json\n"
    "# The one of 2026.\nschema: dataset/2\nname: x\n# Here.\npath: data.csv\nabout: Flowers\n# In short.\n"
)


def dataset_1_to_2(content: Any) -> dict[str, Any]:
    """Rename `description` to `about`, as a second version of datasets might."""
    renamed = {"about" if key == "description" else key: value for key, value in content.items()}
    return {**renamed, "schema": "dataset/2"}


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let datasets have a second version."""
    made_up = json.loads(schemas.source_of("dataset").read_bytes())
    made_up["properties"]["schema"]["const"] = "dataset/2"
    made_up["properties"]["about"] = made_up["properties"].pop("description")
    folder = tmp_path / "schemas"
    shutil.copytree(schemas.source_of("dataset").parent, folder)
    (folder / "dataset.v2.schema.json").write_text(json.dumps(made_up))
    monkeypatch.setitem(migrations.STEPS, "dataset", (dataset_1_to_2,))
    monkeypatch.setattr(schemas, "source_of", lambda kind, version=None: folder / schemas.file_name(kind, version))
    yield
    schemas._validator.cache_clear()


def migrated(world: World) -> migrate.Done:
    with world.project.index() as index:
        return migrate.migrate(world.project, index)


# ---- definitions


@pytest.mark.usefixtures("second")
def test_a_definition_is_updated_with_its_comments_and_its_line_for_editors(world: World) -> None:
    world.commit(**{X: OLD, "data.csv": "1\n"})
    done = migrated(world)
    assert [(file.file, file.before, file.after) for file in done.files] == [(X, "dataset/1", "dataset/2")]
    assert (done.left, done.commit) == ((), world.head)
    assert (world.root / X).read_text() == NEW
    assert migrated(world).files == ()


@pytest.mark.usefixtures("second")
def test_a_definition_of_an_earlier_version_is_read_in_the_newest(world: World) -> None:
    world.commit(**{X: OLD, "data.csv": "1\n"})
    assert world.project.definition("dataset", "x")["about"] == "Flowers"
    assert define.read_input("dataset", world.root / X)["about"] == "Flowers"
    world.write(X, "schema: dataset/1\nname: x\n")
    with world.project.index() as index:
        (problem,) = validate.validate(world.project, index, [world.root / X])
    assert str(problem) == f"{X}:1: path: is missing"


@pytest.mark.usefixtures("second")
def test_a_definition_whose_comments_would_be_lost_is_left(world: World) -> None:
    text = OLD.replace("description: Flowers", "description:\n  # Not b.\n  Flowers")
    world.commit(**{X: text, "data.csv": "1\n"})
    done = migrated(world)
    assert (done.files, done.commit) == ((), None)
    assert done.left == (Left(X, "has a comment that would be lost: # Not b."),)
    assert (world.root / X).read_text() == text


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize("swapped", [False, True])
def test_definitions_of_two_versions_are_merged_in_the_newest(tmp_path: Path, swapped: bool) -> None:
    base = "schema: dataset/1\nname: x\ndescription: Flowers\npath: data.csv\n"
    ours = definition_text.migrated("dataset", Path(X), base.encode())
    sides = [ours, base.encode().replace(b"Flowers", b"Irises")]
    files = [tmp_path / name for name in ("base", "ours", "theirs")]
    for file, data in zip(files, [base.encode(), *(sides[::-1] if swapped else sides)], strict=True):
        file.write_bytes(data)
    assert merge_records.merge(X, *files) == 0
    merged = files[1].read_text()
    assert merged.endswith("schema: dataset/2\nname: x\npath: data.csv\nabout: Irises\n")


def test_a_definition_that_only_a_newer_qanat_reads_is_not_merged(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("base", "ours", "theirs")]
    for file, name in zip(files, "xab", strict=True):
        file.write_text(f"schema: dataset/9\nname: {name}\npath: data.csv\n")
    with pytest.raises(VersionTooNew, match=f"{X} is dataset/9, and this qanat "):
        merge_records.merge(X, *files)
    assert "<<<<<<< ours\nname: a\n=======\nname: b\n" in files[1].read_text()


# ---- records


def in_1(world: World, number: int) -> Path:
    """Write a run/1 record of an ended run."""
    run = replace(RUN, number=number, experiment="train")
    text = run_codec.encode(run).decode().replace("run/2", "run/1")
    return world.write(run_codec.path_of(run), text)


def test_a_record_that_changes_while_the_migration_begins_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (in_1(world, number) for number in (1, 2, 3))
    world.commit()
    plan = migrate.plan_migration

    def change_meanwhile(*args: Any) -> migrate.Migration:
        found = plan(*args)
        first.write_text(first.read_text().replace("tags: []", "tags: [a]"))
        second.unlink()
        return found

    monkeypatch.setattr(migrate, "plan_migration", change_meanwhile)
    done = migrated(world)
    names = [world.project.paths.relative(file) for file in (first, second, third)]
    assert done.left == (Left(names[0], "was changed meanwhile"), Left(names[1], "was changed meanwhile"))
    assert [file.file for file in done.files] == [names[2]]
    assert "run/1" in first.read_text()
    assert not second.exists()


def test_what_is_no_record_is_left_and_what_is_elsewhere_is_not_looked_at(world: World) -> None:
    path = in_1(world, 1)
    path.write_text("schema: run/1\n- [\n")
    world.write(".qanat/other/notes.yaml", "[\n")
    world.commit()
    (left,) = migrated(world).left
    assert left.file == world.project.paths.relative(path)
    assert left.reason.startswith("2: is not YAML: ")


def test_the_journal_of_a_run_that_only_a_newer_qanat_reads_is_kept(world: World) -> None:
    run = world.left_alone(1)
    with world.journal(run):
        pass
    file = world.root / run_codec.path_of(run)
    file.write_text(file.read_text().replace("run/2", "run/3"))
    world.leave_alone()
    with looking.refreshed(world.project, world) as (_, result):
        assert result.live == {}
    assert len(world.journals()) == 1
    with pytest.raises(VersionTooNew):
        looking.active_runs(world.project, world)
    with pytest.raises(VersionTooNew):
        record.load_record(world.project, run_codec.path_of(run))
    assert run.submission.pid == GONE
