"""The schemas of qanat's files, and what a file breaks of them."""

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
    """What a schema has to say about one place of a file."""

    path: KeyPath
    problem: str


def name_of(kind: str) -> str:
    """Give what a file of this kind says under its first key, such as `run/1`."""
    return f"{kind}/{VERSIONS[kind]}"


def check_version(content: Any, kind: str, source: str) -> None:
    """Raise InputInvalid when content names another kind, or a version that this qanat does not know."""
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
    """Give settings written for the first qanat, which named no version, with today's; anything else as it is."""
    named = not isinstance(content, dict) or "schema" in content
    return content if named or kind != "config" else {"schema": name_of(kind), **content}


def problems(content: Any, kind: str) -> list[SchemaProblem]:
    """List what content breaks of the schema of its kind, by place; a key that is missing or unknown is the place."""
    found = dict.fromkeys(p for error in _validator(kind).iter_errors(content) for p in _problems_of(error))
    return sorted(found, key=lambda p: [str(part).zfill(9) for part in p.path])


@cache
def schema(kind: str) -> dict[str, Any]:
    """Give the current schema of a kind."""
    loaded: dict[str, Any] = json.loads(source_of(kind).read_bytes())
    return loaded


def file_name(kind: str) -> str:
    """Give the name of the file that holds the current schema of a kind."""
    return f"{kind}.v{VERSIONS[kind]}.schema.json"


def source_of(kind: str) -> Path:
    """Give the file that came with this qanat and holds the current schema of a kind."""
    here = Path(__file__).resolve()
    # A wheel has them in the package; a checkout and an editable install at the top of the tree.
    for folder in (here.parents[1] / "schemas", here.parents[2] / "schemas"):
        if (folder / file_name(kind)).is_file():
            return folder / file_name(kind)
    raise FileNotFoundError(file_name(kind))


@cache
def _validator(kind: str) -> Any:
    # Imported here: jsonschema takes 0.07-0.13 s, and files that are known to be valid do not need it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(kind))


def _problems_of(error: Any) -> list[SchemaProblem]:
    """Turn one error of jsonschema into one problem for each key that is missing or unknown, or just one."""
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
    """Say in a person's words what jsonschema found."""
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
