"""The versions and schemas of the files, and how a file violates its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qanat import __version__
from qanat.domain.key_path import KeyPath
from qanat.domain.names import NAME_MAX, name_problem
from qanat.errors import InputInvalid, VersionTooNew
from qanat.records import migrations

KINDS = (
    "config",
    "experiment",
    "dataset",
    "template",
    "run",
    "document",
    "environment",
    "machine",
    "plan",
    "view",
    "pack",
    "settings",
)

_VERSION = re.compile(r"([a-z]+)/([1-9][0-9]*)")
_DEFINITIONS = "#/$defs/"


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """How one place of a file violates its schema."""

    path: KeyPath
    problem: str


def name_of(kind: str, version: int | None = None) -> str:
    """Return the `schema` value of files of this kind, such as `run/2`; of the newest version by default."""
    return f"{kind}/{version or migrations.newest(kind)}"


def every() -> list[tuple[str, int]]:
    """List the kinds of files with each version that this qanat reads."""
    return [(kind, version) for kind in KINDS for version in range(1, migrations.newest(kind) + 1)]


def check_version(content: Any, kind: str, source: str) -> None:
    """Raise InputInvalid if content declares another kind, VersionTooNew if only a newer qanat reads its version.

    Content that declares no version passes; its schema says that the key is missing.
    """
    declared = content.get("schema") if isinstance(content, dict) else None
    wanted = name_of(kind)
    if declared is None or 1 <= (version := _number(declared, kind)) <= migrations.newest(kind):
        return
    if version:
        raise VersionTooNew(source, f"is {declared[:60]}, and this qanat {__version__} reads up to {wanted}")
    raise InputInvalid(f"{source}: schema {_short(declared)} is not {wanted}", hint=f"write schema: {wanted}")


def version_of(content: Any, kind: str) -> int:
    """Return the version that content declares; the newest if it declares none that this qanat knows."""
    newest = migrations.newest(kind)
    version = _number(content.get("schema"), kind) if isinstance(content, dict) else 0
    return version if 1 <= version <= newest else newest


def current(content: Any, kind: str, source: str) -> Any:
    """Return the content of a file in the newest version of its kind; content that is not a mapping unchanged.

    Raises InputInvalid and VersionTooNew as check_version() does.
    """
    check_version(content, kind, source)
    version = version_of(content, kind)
    return content if version == migrations.newest(kind) else migrations.upgraded(content, kind, version)


def _number(declared: object, kind: str) -> int:
    """Return the version in a value such as `run/1`; 0 if it is not a version of this kind."""
    found = _VERSION.fullmatch(declared) if isinstance(declared, str) else None
    return int(found[2][:9]) if found and found[1] == kind else 0


def with_version(content: Any, kind: str) -> Any:
    """Return settings of qanat 0.x, which declared no version, with today's version; anything else unchanged."""
    named = not isinstance(content, dict) or "schema" in content
    return content if named or kind != "config" else {"schema": name_of(kind), **content}


def problems(content: Any, kind: str) -> list[SchemaProblem]:
    """List how content violates the schema that it declares, ordered by place; a missing or unknown key is a place.

    Content that declares no version is checked with the newest.
    """
    validator = _validator(kind, version_of(content, kind))
    found = dict.fromkeys(p for error in validator.iter_errors(content) for p in _problems_of(error))
    return sorted(found, key=lambda p: [str(part).zfill(9) for part in p.path])


def schema(kind: str, version: int | None = None) -> dict[str, Any]:
    """Return a schema of a kind, the newest by default."""
    return _schema(source_of(kind, version))


@cache
def _schema(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(file.read_bytes())
    return loaded


def file_name(kind: str, version: int | None = None) -> str:
    """Return the name of the file with a schema of a kind, the newest by default."""
    return f"{kind}.v{version or migrations.newest(kind)}.schema.json"


def source_of(kind: str, version: int | None = None) -> Path:
    """Return the file with a schema of a kind that is part of this qanat, the newest by default."""
    return _folder() / file_name(kind, version)


@cache
def _folder() -> Path:
    here = Path(__file__).resolve()
    # A wheel has the schemas in the package; a checkout and an editable install have them at the top of the tree.
    packed = here.parents[1] / "schemas"
    return packed if packed.is_dir() else here.parents[2] / "schemas"


@cache
def _validator(kind: str, version: int) -> Any:
    # Imported here: jsonschema takes 0.07-0.13 s, and files known to be valid do not need it.
    from jsonschema import Draft202012Validator

    top = schema(kind, version)
    return Draft202012Validator(_resolved(top, top.get("$defs", {})))


def _resolved(part: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a part of a schema with its definitions put in, which jsonschema would look up for every value."""
    if isinstance(part, list):
        return [_resolved(inner, definitions) for inner in part]
    if not isinstance(part, dict):
        return part
    put_in = definitions[part["$ref"].removeprefix(_DEFINITIONS)] if "$ref" in part else {}
    kept = {key: inner for key, inner in part.items() if key not in ("$ref", "$defs")}
    return {key: _resolved(inner, definitions) for key, inner in (put_in | kept).items()}


def _problems_of(error: Any) -> list[SchemaProblem]:
    """Convert one error of jsonschema to a problem for each missing or unknown key, or to a single problem."""
    inner = _of_alternative(error) if error.validator == "anyOf" else []
    # An alternative that lists its values says nothing of the mappings that may be there as well.
    if inner and (inner[0].validator != "enum" or not any(map(_mapping_example, error.validator_value))):
        return [problem for one in inner for problem in _problems_of(one)]
    path = tuple(error.absolute_path)
    if error.validator == "anyOf" and all("required" in one for one in error.validator_value):
        keys = [key for one in error.validator_value for key in one["required"]]
        return [SchemaProblem(path, f"has none of {', '.join(keys)}")]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [SchemaProblem((*path, key), "is missing") for key in missing]
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        problem = "unknown key" + (f"; known: {', '.join(known)}" if known else "")
        return [SchemaProblem((*path, key), problem) for key in error.instance if key not in known]
    if error.instance is None and not path:
        return [SchemaProblem(path, "the file is empty")]
    return [SchemaProblem(path, _sentence(error))]


def _of_alternative(error: Any) -> list[Any]:
    """Return the errors of the only alternative that has the type of the value; none if there is no such one."""
    alternatives: dict[int, list[Any]] = {}
    for one in error.context:
        alternatives.setdefault(one.schema_path[0], []).append(one)
    fitting = [found for found in alternatives.values() if not any(map(_is_of_other_type, found))]
    return fitting[0] if len(fitting) == 1 else []


def _is_of_other_type(error: Any) -> bool:
    """Return whether the value as a whole has a type that its schema does not mean."""
    if error.path:
        return False
    if error.validator == "enum":
        return type(error.instance) not in {type(one) for one in error.validator_value}
    return bool(error.validator == "type")


def _sentence(error: Any) -> str:
    """Return what jsonschema found as a sentence."""
    value = _short(error.instance)
    if isinstance(error.instance, str) and error.schema.get("maxLength") == NAME_MAX:
        return f"{value} {name_problem(error.instance)}"
    match error.validator:
        case "type":
            return f"{value} is not {_article(error.validator_value)}"
        case "anyOf":
            return f"{value} is not {' or '.join(map(_meant, error.validator_value))}"
        case "enum":
            return f"{value} is not {_meant(error.schema)}"
        case "const":
            return f"{value} is not {error.validator_value}"
        case "pattern":
            return f"{value} does not look like {_example(error)}"
        case "minLength" | "minItems":
            return "is empty"
        case "uniqueItems":
            return "has the same item twice"
        case _:
            return str(error.message).partition("\n")[0][:200]


def _meant(schema: Mapping[str, Any]) -> str:
    """Return what values a schema means, by their types, or by the values themselves if it lists them."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if example := _mapping_example(schema):
        return example
    return _article(schema["type"]) if "type" in schema else "what is wanted here"


def _mapping_example(schema: Mapping[str, Any]) -> str:
    """Return how a mapping that a schema means is written, if it has a single key; otherwise an empty text."""
    known = schema.get("properties", {})
    examples = [f"{key}: {one}" for key, inner in known.items() for one in inner.get("examples", ())[:1]]
    return examples[0] if len(known) == len(examples) == 1 else ""


def _example(error: Any) -> str:
    examples = error.schema.get("examples") or (error.parent.schema.get("examples", ()) if error.parent else ())
    texts = (example for example in examples if isinstance(example, str))
    return next(texts, str(error.validator_value).removesuffix(r"(?!\n)"))


def _article(types: str | list[str]) -> str:
    names = {
        "object": "a mapping",
        "array": "a list",
        "string": "text",
        "null": "empty",
        "integer": "a whole number",
    }
    wanted = [types] if isinstance(types, str) else types
    return " or ".join(names.get(t, f"a {t}") for t in wanted)


def _short(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(value) if not isinstance(value, dict | list) else ("a mapping" if isinstance(value, dict) else "a list")
    return text if len(text) <= 60 else text[:57] + "…'"
