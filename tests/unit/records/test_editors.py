"""What editors are told: the catalogue, the documented setting, and schemas that their language servers support."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft7Validator

from qanat.domain.layout import record_path
from qanat.records import migrations, schemas
from qanat.records.environments import path_of
from qanat.records.paths import ProjectPaths

ROOT = Path(__file__).resolve().parents[3]
PATHS = ProjectPaths(Path("/project"))
FILES = {
    "config": PATHS.config,
    "experiment": PATHS.definition("experiment", "a"),
    "dataset": PATHS.definition("dataset", "a"),
    "template": PATHS.definition("template", "a", "slurm"),
    "document": PATHS.definition("document", "a"),
    "environment": PATHS.root / path_of("environment", "3f2a9c41d07be586"),
    "machine": PATHS.root / path_of("machine", "3f2a9c41d07be586"),
    "plan": PATHS.root / ".qanat/plans/a.yaml",
    "view": PATHS.definition("view", "a"),
    "pack": PATHS.definition("pack", "a"),
    "run": PATHS.root / record_path("a", 4, "7f3a9c"),
    # An editor looks for it below the folder that is open, which is the user's home for this file.
    "settings": PATHS.root / ".config/qanat/settings.yaml",
}
# What came after draft 7; servers of editors know that one best.
LATER = ("prefixItems", "dependentSchemas", "dependentRequired", "unevaluatedProperties", "unevaluatedItems", "$anchor")


def catalogue() -> dict[str, dict[str, Any]]:
    content = json.loads((ROOT / "schemas/catalog.json").read_bytes())
    return {entry["name"].removeprefix("qanat "): entry for entry in content["schemas"]}


def setting() -> dict[str, str]:
    text = (ROOT / "docs/editors.md").read_text()
    block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert block is not None
    found: dict[str, str] = json.loads(block[1])["yaml.schemas"]
    return found


def matching(patterns: dict[str, list[str]], path: Path) -> list[str]:
    """List the kinds one of whose patterns matches a path of the project."""
    relative = PurePosixPath(path.relative_to(PATHS.root))
    return [kind for kind, globs in patterns.items() if any(relative.match(glob) for glob in globs)]


@pytest.mark.parametrize("kind", FILES)
def test_a_file_belongs_to_one_schema_in_the_catalogue_and_in_the_setting(kind: str) -> None:
    assert FILES.keys() == set(schemas.KINDS)
    listed = {name: [glob.removeprefix("**/") for glob in entry["fileMatch"]] for name, entry in catalogue().items()}
    set_up = {schema.rpartition("/")[2].partition(".")[0]: [glob] for schema, glob in setting().items()}
    assert matching(listed, FILES[kind]) == [kind]
    assert matching(set_up, FILES[kind]) == [kind]


def test_the_setting_names_the_schemas_where_the_cache_has_them() -> None:
    expected = {str((PATHS.schemas / schemas.file_name(kind)).relative_to(PATHS.root)) for kind in schemas.KINDS}
    assert setting().keys() == expected


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_the_catalogue_has_what_such_a_catalogue_asks_for(kind: str) -> None:
    entry = catalogue()[kind]
    # No other key may be there, as in SchemaStore's own schema of its catalogue.
    assert entry.keys() == {"name", "description", "fileMatch", "url", "versions"}
    assert entry["description"] == schemas.schema(kind)["description"].partition(":")[0] + "."
    assert entry["url"].startswith("https://")
    newest = migrations.newest(kind)
    assert list(entry["versions"]) == [str(version) for version in range(1, newest + 1)]
    assert entry["versions"][str(newest)] == entry["url"]
    assert all(url.endswith(f"qanat-{kind}-{version}.json") for version, url in entry["versions"].items())


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_a_schema_says_the_same_to_a_server_that_knows_draft_7(kind: str) -> None:
    text = schemas.source_of(kind).read_text()
    assert [word for word in LATER if f'"{word}"' in text] == []
    Draft7Validator.check_schema(schemas.schema(kind))
