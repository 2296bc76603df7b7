"""Released schemas never change, and the command that releases them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from qanat.records import migrations, schemas
from tests.support.plain_yaml import TextTimestampLoader
from tools.released_schemas import ROOT, for_store, problems, release, released

SCHEMAS = ROOT / "schemas"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def test_no_released_schema_has_changed() -> None:
    assert problems(SCHEMAS) == []


def test_a_schema_that_a_newer_version_replaces_is_released() -> None:
    replaced = {schemas.file_name(kind, v) for kind, v in schemas.every() if v < migrations.newest(kind)}
    assert replaced <= released(SCHEMAS).keys()


@pytest.mark.parametrize("edit", ["edited", "deleted"])
def test_a_released_schema_that_changes_is_named_with_what_to_do(folder: Path, edit: str) -> None:
    file = folder / "run.v1.schema.json"
    file.write_text(file.read_text() + "\n") if edit == "edited" else file.unlink()
    expected = (
        "schemas/run.v1.schema.json was released with qanat 0.1.0, so people have files in it: it must not change. "
        "Undo that (git log -- schemas/run.v1.schema.json), and make the change in a new version; "
        "CONTRIBUTING.md says how."
    )
    assert problems(folder) == [expected]
    with pytest.raises(ValueError, match=r"was released with qanat 0[.]1[.]0"):
        release(folder, "9.0.0")


def test_what_is_open_is_released_once_and_what_is_released_stays_as_it_is(folder: Path) -> None:
    (folder / "paper.v1.schema.json").write_text("{}\n")
    before = released(folder)
    new = release(folder, "9.0.0")
    assert "paper.v1.schema.json" in new
    assert not before.keys() & set(new)
    assert released(folder) == before | {
        name: {"since": "9.0.0", "sha256": released(folder)[name]["sha256"]} for name in new
    }
    assert (problems(folder), release(folder, "9.1.0")) == ([], [])
    (folder / "paper.v1.schema.json").write_text("{ }\n")
    assert len(problems(folder)) == 1


def test_what_is_no_version_releases_nothing(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"v2 is not a version such as 0[.]2[.]0"):
        release(folder, "v2")
    assert released(folder) == released(SCHEMAS)


def test_the_store_gets_each_schema_under_its_address_with_files_that_pass_and_fail(
    folder: Path, tmp_path: Path
) -> None:
    release(folder, "9.0.0")
    store = tmp_path / "store"
    names = for_store(folder, ROOT / "tests/data/schemas", store)
    listed = json.loads((store / "src/api/json/catalog.json").read_text())["schemas"]
    addresses = [url for entry in listed for url in entry["versions"].values()]
    assert sorted(addresses) == sorted(f"https://json.schemastore.org/{name}.json" for name in names)
    for name in names:
        schema = json.loads((store / f"src/schemas/json/{name}.json").read_text())
        assert schema["$id"] == f"https://json.schemastore.org/{name}.json"
        validator = Draft7Validator(schema)
        for tests, passes in (("test", True), ("negative_test", False)):
            files = list((store / "src" / tests / name).iterdir())
            assert files
            for file in files:
                assert validator.is_valid(yaml.load(file.read_text(), TextTimestampLoader)) is passes, file
