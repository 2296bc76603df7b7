"""Documents: papers and pages that are built from the files of runs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.apart import Apart
from qanat.domain.key_path import KeyPath
from qanat.domain.layout import STATE, is_inside
from qanat.domain.names import nearest
from qanat.domain.shortening import quoted
from qanat.errors import NotFound

LOCAL = "local"
TEXTS = ("**/*.tex", "**/*.md", "**/*.qmd")
EXPORTS = "exports"
IGNORE = ".gitignore"
# Where definitions are kept beside those of qanat, as by the starting points.
DEFINITIONS = "documents"
# Options of a run that a dependency may have, besides those with keys of their own.
OPTIONS = ("n_threads", "max_running", "per_job", "time_limit", "retry", "gpu")


@dataclass(frozen=True, slots=True)
class Dependency:
    """Groups of an experiment that a document needs, and which of their files it uses.

    `parameters` are a file, what such a file has, or None for the program without arguments. `revision` is that of the
    code; None for the code as it is now. With `whole`, the action and the files are about the directory of a run
    with all groups, and otherwise about that of each group.
    """

    name: str
    experiment: str
    parameters: str | Mapping[str, Any] | None = None
    runner: str = LOCAL
    template: str | None = None
    container: str | None = None
    revision: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    action: str | None = None
    action_arguments: tuple[str, ...] = ()
    whole: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A paper or page: its folder, how it is built and shown, and what it needs.

    `path` and `exports` are folders, from the root of the project; `output` and the patterns in `texts` are relative to
    the folder of the document, in which `compile` and `view` are started.
    """

    name: str
    path: str
    exports: str
    description: str = ""
    compile: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    output: str | None = None
    texts: tuple[str, ...] = TEXTS
    tags: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()

    def dependency(self, name: str) -> Dependency:
        """Return a dependency by its name. Raises NotFound."""
        for one in self.dependencies:
            if one.name == name:
                return one
        known = [one.name for one in self.dependencies]
        hint = f"dependencies: {', '.join(nearest(name, known) or known[:10])}" if known else "it has none yet"
        raise NotFound(f"document {self.name} has no dependency {quoted(name)}", hint=hint)

    @property
    def files(self) -> Apart:
        """Its files, which are not code of experiments."""
        named = [one.parameters for one in self.dependencies if isinstance(one.parameters, str)]
        # What builds and shows a document is named in its commands.
        words = [word for word in (*self.compile, *self.view) if word and not set("*?[") & set(word)]
        patterns = (*self.texts, *words, *((self.output,) if self.output else ()))
        ignores = (IGNORE, posixpath.normpath(posixpath.join(self.path, IGNORE)))
        return Apart(self.path, patterns, self.exports, tuple(map(posixpath.normpath, named)), ignores)

    @property
    def may_be_from(self) -> list[str]:
        """The files that it may have been created from, by their usual names."""
        names = (f"{self.name}.yaml", f"{self.name}.yml")
        folders = (".", DEFINITIONS, self.path)
        return [posixpath.normpath(posixpath.join(folder, name)) for folder in folders for name in names]

    def is_defined_by(self, text: str) -> bool:
        """Return whether a text in YAML defines a document of this name, rather than something that programs read."""
        keys = {line.partition(":")[0]: line.partition(":")[2].strip(" '\"") for line in text.splitlines()}
        return keys.get("name") == self.name and "path" in keys

    def folder_of(self, dependency: Dependency) -> str:
        """Return the folder, from the root, to which the files of a dependency are copied."""
        return f"{self.exports}/{dependency.name}"


def document_from(content: Mapping[str, Any]) -> Document:
    """Return the document that a valid mapping describes."""
    path = posixpath.normpath(content["path"])
    return Document(
        name=content["name"],
        path=path,
        exports=posixpath.normpath(content.get("exports") or posixpath.join(path, EXPORTS)),
        description=content.get("description", ""),
        compile=tuple(content.get("compile", ())),
        view=tuple(content.get("view", ())),
        output=content.get("output"),
        texts=tuple(content.get("texts", TEXTS)),
        tags=tuple(content.get("tags", ())),
        dependencies=tuple(map(dependency_from, content.get("dependencies", ()))),
    )


def dependency_from(parts: Mapping[str, Any]) -> Dependency:
    """Return the dependency that a valid mapping describes."""
    return Dependency(
        name=name_of(parts),
        experiment=parts["experiment"],
        parameters=parts.get("parameters"),
        runner=parts.get("runner", LOCAL),
        template=parts.get("template"),
        container=parts.get("container"),
        revision=parts.get("revision"),
        options=parts.get("options", {}),
        action=parts.get("action"),
        action_arguments=tuple(parts.get("action_arguments", ())),
        whole=parts.get("whole", False),
        files=tuple(parts.get("files", ())),
    )


def name_of(parts: Mapping[str, Any]) -> str:
    """Return the name of a dependency, by default that of its experiment."""
    return str(parts.get("name") or parts["experiment"])


def problems(content: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with a document, whatever the project has: paths, patterns, names and options."""
    path = content["path"]
    if posixpath.normpath(path) != "." and not is_inside(path):
        yield ("path",), f"{path} is not inside the project"
    elif posixpath.normpath(path).split("/")[0] in (STATE, ".git"):
        yield ("path",), f"{path} is not a folder for texts"
    exports = content.get("exports", "")
    if exports and (not is_inside(exports) or posixpath.normpath(exports).split("/")[0] in (STATE, ".git", ".")):
        yield ("exports",), f"{exports} is not a folder for files inside the project"
    if not is_inside(output := content.get("output", "a")):
        yield ("output",), f"{output} is not inside the folder of the document"
    for place, pattern in enumerate(content.get("texts", ())):
        if not is_inside(pattern):
            yield ("texts", place), f"{pattern} is not inside the folder of the document"
    for key in ("compile", "view"):
        if not content.get(key, ["a"])[0].strip():
            yield (key, 0), "is empty; the first argument names the program"
    yield from _dependency_problems(content.get("dependencies", ()))


def _dependency_problems(dependencies: Any) -> Iterator[tuple[KeyPath, str]]:
    seen: dict[str, str] = {}
    for place, parts in enumerate(dependencies):
        at: KeyPath = ("dependencies", place)
        if (name := name_of(parts)).casefold() in seen:
            same = (
                "has the same name as another dependency" if seen[name.casefold()] == name else "differs only in case"
            )
            yield (*at, "name" if "name" in parts else "experiment"), f"{quoted(name)} {same}; add a name: of its own"
        seen.setdefault(name.casefold(), name)
        for number, pattern in enumerate(parts.get("files", ())):
            if not is_inside(pattern):
                yield (*at, "files", number), f"{pattern} is not inside the storage directory"
        for option in parts.get("options", {}):
            if option not in OPTIONS:
                yield (*at, "options", option), f"unknown key; known: {', '.join(OPTIONS)}"
        if parts.get("action_arguments") and "action" not in parts:
            yield (*at, "action_arguments"), "requires an action"


def as_texts(value: Any) -> Any:
    """Return parameters with texts in place of numbers, as a file of parameters is read."""
    if isinstance(value, Mapping):
        return {str(key): as_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_texts(inner) for inner in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else str(value)
