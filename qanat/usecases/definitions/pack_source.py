"""Reading a pack of templates from where a site shares it.

It is a stranger's: all of it is checked before any of it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from qanat.domain import extending
from qanat.domain.experiment import Template
from qanat.domain.names import check_name, made_name, name_problem
from qanat.domain.pack import Pack, PackedTemplate
from qanat.domain.pack import made_name as name_in
from qanat.domain.shortening import quoted
from qanat.errors import ExtendsInvalid, InputInvalid, NotFound
from qanat.git.fetched import fetched
from qanat.records import definition_text, definitions, schemas, yaml_io
from qanat.records.paths import ProjectPaths
from qanat.system import below
from qanat.usecases.definitions import shared_source
from qanat.usecases.project import located, suggestion

ABOUT = "pack.yaml"
TEMPLATES = "templates"
FILES_MAX = 200
FILE_BYTES_MAX = 2**16
_ABOUT_KEYS = ("name", "description")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A pack as this project would have it: the texts of its templates by path from the root, and their contents."""

    pack: Pack
    texts: Mapping[str, bytes]
    contents: Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where files are read: their sizes by path, and a function that returns the bytes of one."""

    url: str
    commit: str | None
    sizes: Mapping[str, int]
    read: Callable[[str], bytes]


def read_pack(paths: ProjectPaths, source: str, ref: str | None, name: str | None) -> Incoming:
    """Read a pack from a git repository or a folder, with the name that it would have here.

    Raises UsageError for an address or a revision that cannot be, GitRefused if git cannot fetch it, InputInvalid with
    the first thing that is wrong with its files.
    """
    with _opened(source, ref) as place:
        about = _about(place)
        named = check_name("pack", name or about.get("name") or made_name(name_in(place.url), "site"))
        found = {path: _content(place, path) for path in _template_files(place)}
    if not found:
        raise InputInvalid(f"{place.url} has no templates", hint=f"a pack has files {TEMPLATES}/RUNNER/NAME.yaml")
    pack = Pack(named, place.url, str(about.get("description", "")), ref, place.commit)
    return _renamed(paths, pack, found)


@contextmanager
def _opened(source: str, ref: str | None) -> Iterator[_Place]:
    """Open a repository or a folder."""
    url, is_repository = shared_source.find(source, ref)
    if is_repository:
        with fetched(url, ref) as there:
            yield _Place(url, there.commit, there.files(), there.read)
        return
    folder = Path(url)
    yield _Place(url, None, _sizes(folder), lambda path: below.read(folder, path, FILE_BYTES_MAX))


def _sizes(folder: Path) -> dict[str, int]:
    """Return the sizes of the files of a pack in a folder; no link is followed."""
    found = {name: size for name, size in below.sizes(folder, "").items() if name == ABOUT}
    for top in ("", TEMPLATES):
        for entry in below.entries(folder, top):
            if entry.is_folder and not entry.name.startswith("."):
                inside = f"{top}/{entry.name}".lstrip("/")
                found |= {f"{inside}/{name}": size for name, size in below.sizes(folder, inside).items()}
    return found


def _about(place: _Place) -> dict[str, Any]:
    """Return the name and the description in the pack's own file; nothing if it has none."""
    if ABOUT not in place.sizes:
        return {}
    content = yaml_io.load(_bytes(place, ABOUT), ABOUT)
    found = content if isinstance(content, dict) else {}
    if unknown := [key for key in found if key not in (*_ABOUT_KEYS, "schema")]:
        raise InputInvalid(f"{ABOUT}: {unknown[0]}: unknown key; known: {', '.join(_ABOUT_KEYS)}")
    if wrong := [key for key in _ABOUT_KEYS if not isinstance(found.get(key, ""), str)]:
        raise InputInvalid(f"{ABOUT}: {wrong[0]}: is not text")
    return found


def _template_files(place: _Place) -> list[str]:
    """List the files of templates: those of the folder `templates` or, without it, of the folders at the top."""
    files = [PurePosixPath(path) for path in sorted(place.sizes) if path.endswith(".yaml") and path[0] != "."]
    inside = [path for path in files if path.parts[0] == TEMPLATES]
    found = [str(path) for path in inside or files if len(path.parts) == (3 if inside else 2)]
    if len(found) > FILES_MAX:
        raise InputInvalid(f"{place.url} has more than {FILES_MAX} templates")
    return found


def _bytes(place: _Place, path: str) -> bytes:
    if place.sizes[path] > FILE_BYTES_MAX:
        raise InputInvalid(f"{path}: is larger than {FILE_BYTES_MAX // 2**10} KiB")
    return place.read(path)


def _content(place: _Place, path: str) -> tuple[dict[str, Any], bytes]:
    """Return the valid content of a template's file, and its text. Raises InputInvalid."""
    data, pure = _bytes(place, path), PurePosixPath(path)
    named = {"name": pure.stem, "runner": pure.parent.name}
    for what, name in named.items():
        if problem := name_problem(name):
            raise InputInvalid(f"{path}: {what} {quoted(name)} {problem}")
    content = definitions.convert_v0(schemas.current(yaml_io.load(data, path), "template", path), "template")
    if isinstance(content, dict):
        content = definitions.ordered({**named, **content}, "template")
    if found := schemas.problems(content, "template"):
        raise InputInvalid(located(data, found, path)[0], hint="ask the pack's author to correct it")
    for key, expected in named.items():
        if content[key] != expected:
            raise InputInvalid(f"{path}: {key}: {quoted(content[key])} is not {quoted(expected)}, as its path says")
    return content, data


def _renamed(paths: ProjectPaths, pack: Pack, found: Mapping[str, tuple[dict[str, Any], bytes]]) -> Incoming:
    """Return the pack with its name before the names of its templates, also where they extend one another."""
    names = {(content["runner"], content["name"]): f"{pack.name}-{content['name']}" for content, _ in found.values()}
    texts, contents, rows = {}, {}, []
    for path, (content, data) in found.items():
        runner, name = content["runner"], names[content["runner"], content["name"]]
        _check_extends(path, content, found)
        renamed = {**content, "name": check_name("template", name)}
        if "extends" in content:
            renamed["extends"] = [names[runner, base] for base in definitions.template_from(content).extends]
        file = paths.definition("template", name, runner)
        text = definition_text.encode(paths, "template", renamed, file, data)
        contents[paths.relative(file)], texts[paths.relative(file)] = renamed, text
        rows.append(PackedTemplate(runner, name, hashlib.sha256(text).hexdigest()))
    return Incoming(replace(pack, templates=tuple(rows)), texts, contents)


def _check_extends(path: str, content: dict[str, Any], found: Mapping[str, tuple[dict[str, Any], bytes]]) -> None:
    """Raise InputInvalid if a template extends what the pack itself does not have, or itself."""
    template = definitions.template_from(content)
    known = {other["name"]: other for other, _ in found.values() if other["runner"] == template.runner}

    def read(name: str) -> Template:
        if name in known:
            return definitions.template_from(known[name])
        raise NotFound(name, hint=suggestion("template", name, sorted(known)))

    try:
        extending.extended(template, read, lambda _: True, str.strip)
    except ExtendsInvalid as error:
        raise InputInvalid(f"{path}: {error.message}", hint="a pack must have all templates that it extends") from None
