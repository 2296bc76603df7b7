"""The schemas of the files, and how a file violates them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qanat import __version__
from qanat.domain.key_path import KeyPath
from qanat.domain.names import NAME_MAX, name_problem
from qanat.errors import InputInvalid

KINDS = ("config", "experiment", "dataset", "template", "run", "document")
VERSIONS = dict.fromkeys(KINDS, 1)


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """How one place of a file violates its schema."""

    path: KeyPath
    problem: str


def name_of(kind: str) -> str:
    """Return the `schema` value of files of this kind, such as `run/1`."""
    return f"{kind}/{VERSIONS[kind]}"


def check_version(content: Any, kind: str, source: str) -> None:
    """Raise InputInvalid if content declares another kind, or a version unknown to this qanat."""
    declared = content.get("schema") if isinstance(content, dict) else None
    if declared is None or declared == name_of(kind):
        return
    found, _, version = str(declared).partition("/")
    if found == kind and version.isascii() and version.isdigit() and int(version[:9]) > VERSIONS[kind]:
        raise InputInvalid(
            f"{source}: is in the form {str(declared)[:60]}, and qanat {__version__} reads up to {name_of(kind)}",
            hint="install a newer qanat: pip install --upgrade qanat",
        )
    wanted = name_of(kind)
    raise InputInvalid(f"{source}: schema {_short(declared)} is not {wanted}", hint=f"write schema: {wanted}")


def with_version(content: Any, kind: str) -> Any:
    """Return settings of qanat 0.x, which declared no version, with today's version; anything else unchanged."""
    named = not isinstance(content, dict) or "schema" in content
    return content if named or kind != "config" else {"schema": name_of(kind), **content}


def problems(content: Any, kind: str) -> list[SchemaProblem]:
    """List how content violates the schema of its kind, ordered by place; a missing or unknown key is a place."""
    found = dict.fromkeys(p for error in _validator(kind).iter_errors(content) for p in _problems_of(error))
    return sorted(found, key=lambda p: [str(part).zfill(9) for part in p.path])


@cache
def schema(kind: str) -> dict[str, Any]:
    """Return the current schema of a kind."""
    loaded: dict[str, Any] = json.loads(source_of(kind).read_bytes())
    return loaded


def file_name(kind: str) -> str:
    """Return the name of the file with the current schema of a kind."""
    return f"{kind}.v{VERSIONS[kind]}.schema.json"


def source_of(kind: str) -> Path:
    """Return the file with the current schema of a kind that is part of this qanat."""
    here = Path(__file__).resolve()
    # A wheel has the schemas in the package; a checkout and an editable install have them at the top of the tree.
    for folder in (here.parents[1] / "schemas", here.parents[2] / "schemas"):
        if (folder / file_name(kind)).is_file():
            return folder / file_name(kind)
    raise FileNotFoundError(file_name(kind))


@cache
def _validator(kind: str) -> Any:
    # Imported here: jsonschema takes 0.07-0.13 s, and files known to be valid do not need it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(kind))


def _problems_of(error: Any) -> list[SchemaProblem]:
    """Convert one error of jsonschema to a problem for each missing or unknown key, or to a single problem."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [SchemaProblem((*path, key), "is missing") for key in missing]
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        problem = "unknown key" + (f"; known are {', '.join(known)}" if known else "")
        return [SchemaProblem((*path, key), problem) for key in error.instance if key not in known]
    return [SchemaProblem(path, _sentence(error))]


def _sentence(error: Any) -> str:
    """Return what jsonschema found as a sentence."""
    value = _short(error.instance)
    if isinstance(error.instance, str) and error.schema.get("maxLength") == NAME_MAX:
        return f"{value} {name_problem(error.instance)}"
    match error.validator:
        case "type":
            return f"{value} is not {_article(error.validator_value)}"
        case "enum":
            return f"{value} is not one of {', '.join(map(str, error.validator_value))}"
        case "const":
            return f"{value} is not {error.validator_value}"
        case "pattern":
            return f"{value} does not have the form of {_example(error)}"
        case "minLength" | "minItems":
            return "is empty"
        case "uniqueItems":
            return "has the same item twice"
        case _:
            return str(error.message).partition("\n")[0][:200]


def _example(error: Any) -> str:
    examples = error.schema.get("examples")
    return str(examples[0]) if examples else str(error.validator_value).removesuffix(r"(?!\n)")


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
