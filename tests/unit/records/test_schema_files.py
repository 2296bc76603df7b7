"""The schemas are valid, and accept or reject each file in tests/data/schemas as its folder says.

A folder is named after a kind, for the newest version of its schema, or after an older version of one: `run.v1`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml
from jsonschema import Draft202012Validator

from qanat.records import migrations
from tests.support.plain_yaml import TextTimestampLoader

Schema: TypeAlias = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[3]
DATA: Final = ROOT / "tests" / "data" / "schemas"
KINDS: Final = (
    "config",
    "dataset",
    "document",
    "environment",
    "experiment",
    "machine",
    "plan",
    "run",
    "settings",
    "template",
    "view",
    "pack",
)
SCHEMA_FILES: Final = sorted((ROOT / "schemas").glob("*.schema.json"))
VALID: Final = sorted(DATA.glob("valid/*/*.yaml"))
INVALID: Final = sorted(DATA.glob("invalid/*/*.yaml"))
PROBLEM: Final = "# problem: "

HOLD_A_SCHEMA: Final = ("additionalProperties", "items", "propertyNames", "contains", "not")
HOLD_SCHEMAS_BY_NAME: Final = ("properties", "patternProperties", "dependentSchemas", "$defs")
HOLD_A_LIST_OF_SCHEMAS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")


def load_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=TextTimestampLoader)


def load_schema(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text(encoding="utf-8"))
    return schema


def problem_paths(path: Path) -> list[str]:
    """List where the schema of the file's folder finds problems, as a.b.0.c, or . for the top."""
    kind, _, version = path.parent.name.partition(".v")
    schema = load_schema(ROOT / "schemas" / f"{kind}.v{version or migrations.newest(kind)}.schema.json")
    errors = Draft202012Validator(schema).iter_errors(load_yaml(path))
    return [".".join(map(str, error.absolute_path)) or "." for error in errors]


def named_problem(path: Path) -> str:
    """Return the path that the first line of an invalid file names."""
    first_line = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first_line.startswith(PROBLEM), f"the first line must be {PROBLEM}<path>"
    return first_line.removeprefix(PROBLEM)


def children(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas right inside a schema; true and false are left out."""
    found = [schema[key] for key in HOLD_A_SCHEMA if key in schema]
    for key in HOLD_SCHEMAS_BY_NAME:
        found.extend(schema.get(key, {}).values())
    for key in HOLD_A_LIST_OF_SCHEMAS:
        found.extend(schema.get(key, []))
    return (child for child in found if isinstance(child, dict))


def with_inner(schema: Schema) -> Iterator[Schema]:
    """Yield a schema and every schema at any depth inside it."""
    yield schema
    for child in children(schema):
        yield from with_inner(child)


def patterns(path: Path) -> list[str]:
    return [inner["pattern"] for inner in with_inner(load_schema(path)) if "pattern" in inner]


def short_name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


every_schema = pytest.mark.parametrize("path", SCHEMA_FILES, ids=lambda path: path.name)


@pytest.mark.parametrize("path", VALID, ids=short_name)
def test_valid_file_has_no_problem(path: Path) -> None:
    assert problem_paths(path) == []


@pytest.mark.parametrize("path", INVALID, ids=short_name)
def test_invalid_file_has_its_problem_where_its_first_line_says_and_nowhere_else(path: Path) -> None:
    assert set(problem_paths(path)) == {named_problem(path)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_enough_examples(kind: str) -> None:
    assert sum(path.parent.name == kind for path in VALID) >= 3
    assert sum(path.parent.name == kind for path in INVALID) >= 6


def test_each_version_of_each_kind_has_a_schema() -> None:
    versions = {f"{kind}.v{version}" for kind in KINDS for version in range(1, migrations.newest(kind) + 1)}
    assert {path.name.removesuffix(".schema.json") for path in SCHEMA_FILES} == versions


@every_schema
def test_schema_is_valid_json_schema(path: Path) -> None:
    Draft202012Validator.check_schema(load_schema(path))


@every_schema
def test_schema_names_the_kind_and_version_of_its_file_name(path: Path) -> None:
    kind, version = path.name.removesuffix(".schema.json").split(".v")
    schema = load_schema(path)
    assert schema["$id"] == f"urn:qanat:schema:{kind}:{version}"
    assert next(iter(schema["properties"])) == "schema"
    assert schema["properties"]["schema"]["const"] == f"{kind}/{version}"
    assert "schema" in schema["required"]


@every_schema
def test_every_property_has_a_description(path: Path) -> None:
    inner = with_inner(load_schema(path))
    properties = [item for schema in inner for item in schema.get("properties", {}).items()]
    assert properties
    assert [name for name, schema in properties if not schema.get("description", "").strip()] == []


@every_schema
def test_every_object_with_properties_says_whether_others_are_allowed(path: Path) -> None:
    objects = [schema for schema in with_inner(load_schema(path)) if "properties" in schema]
    assert [list(schema["properties"]) for schema in objects if "additionalProperties" not in schema] == []


@every_schema
def test_every_example_is_valid(path: Path) -> None:
    whole = load_schema(path)
    for schema in with_inner(whole):
        validator = Draft202012Validator({**schema, "$defs": whole.get("$defs", {})})
        assert [example for example in schema.get("examples", []) if not validator.is_valid(example)] == []


@every_schema
def test_every_reference_stays_in_its_file(path: Path) -> None:
    references = [schema["$ref"] for schema in with_inner(load_schema(path)) if "$ref" in schema]
    assert [reference for reference in references if not reference.startswith("#/$defs/")] == []


@every_schema
def test_no_pattern_accepts_a_newline_at_the_end(path: Path) -> None:
    # In Python $ also matches before a last newline: jsonschema searches with re.
    assert [pattern for pattern in patterns(path) if not pattern.endswith(r"$(?!\n)")] == []


@every_schema
def test_schema_is_indented_by_two_spaces_and_ends_in_a_newline(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == json.dumps(load_schema(path), indent=2) + "\n"
