"""The packs of a project: adding one, bringing it up to date, removing it, and which templates came with which."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.changes import Definition, DefinitionChange, compare_definitions
from qanat.domain.key_path import in_words
from qanat.domain.pack import Pack, PackedTemplate
from qanat.domain.shortening import quoted
from qanat.domain.template_source import PackOrigin
from qanat.errors import InputInvalid, NotFound, UsageError
from qanat.git import tracked, worktree
from qanat.records import definition_text, definitions
from qanat.usecases.checks import extends
from qanat.usecases.definitions import define
from qanat.usecases.definitions.define import check_case
from qanat.usecases.definitions.pack_source import Incoming
from qanat.usecases.project import DEFINITION_BYTES_MAX, Project

KIND = "pack"


@dataclass(frozen=True, slots=True)
class PackChange:
    """What a pack changes in a project: its templates key by key, and the files that it `writes` and `removes`."""

    pack: Pack
    templates: Sequence[DefinitionChange]
    writes: dict[Path, bytes]
    removes: Sequence[Path]

    @property
    def paths(self) -> list[Path]:
        """All files that are written or removed."""
        return [*self.writes, *self.removes]


def pack(project: Project, name: str) -> Pack:
    """Return a pack of the project. Raises NotFound, InputInvalid.

    A template without the name of the pack before its own is none of its, whatever a file says that came with a clone.
    """
    content = project.definition(KIND, name)
    if problems := extends.pack_problems(content):
        key, problem = problems[0]
        file = project.paths.relative(project.paths.definition(KIND, name))
        raise InputInvalid(f"{file}: {in_words(key)}: {problem}", hint="correct the file")
    return definitions.pack_from(content)


def origin(project: Project, runner: str, name: str) -> PackOrigin | None:
    """Return where a template in `.qanat/templates/` was copied from; None if it is the project's own.

    A pack that cannot be read is passed over, and reported by `validate`.
    """
    for candidate in project.names(KIND):
        if not name.startswith(f"{candidate}-"):
            continue
        with contextlib.suppress(InputInvalid, NotFound):
            found = pack(project, candidate)
            for template in found.templates:
                if (template.runner, template.name) == (runner, name):
                    edited = _sha256(project, _path(project, template)) != template.sha256
                    return PackOrigin(found.name, found.url, found.commit, edited)
    return None


def added(project: Project, incoming: Incoming, *, force: bool) -> PackChange:
    """Return what adding a pack changes.

    Raises UsageError if there is one with its name, or if a template of the project's own has the name of one of its
    templates, unless with `force`.
    """
    name = incoming.pack.name
    if os.path.lexists(project.paths.definition(KIND, name)):
        raise UsageError(
            f"pack {quoted(name)} already exists",
            hint=f"bring it up to date with: qanat template pull {name}; or choose another name with --name",
        )
    check_case(KIND, name, project.names(KIND))
    return _change(project, None, incoming, force=force)


def pulled(project: Project, before: Pack, incoming: Incoming, *, force: bool) -> PackChange:
    """Return what the present state of a pack changes; errors as for added()."""
    return _change(project, before, incoming, force=force)


def removed(project: Project, name: str, *, force: bool) -> PackChange:
    """Return what removing a pack changes. Raises UsageError as added() does, and for templates that are extended."""
    before = pack(project, name)
    return _change(project, before, Incoming(before, {}, {}), force=force, file=False)


def _change(project: Project, before: Pack | None, incoming: Incoming, *, force: bool, file: bool = True) -> PackChange:
    now = incoming.pack
    had = {_path(project, template): template for template in (before.templates if before else ())}
    writes = {project.root / path: text for path, text in incoming.texts.items()}
    gone = [path for path in had if path not in writes and os.path.lexists(path)]
    if not force:
        # What has not changed in the pack stays as it was edited here.
        same = {path for path in writes if path in had and hashlib.sha256(writes[path]).hexdigest() == had[path].sha256}
        writes = {path: text for path, text in writes.items() if path not in same or not os.path.lexists(path)}
        _check_own(project, had, [*writes, *gone])
        _check_extended(project, had, gone)
    templates = list(_compared(project, [*writes, *gone], incoming))
    writes = {path: text for path, text in writes.items() if _read(project, path) != text}
    place = project.paths.definition(KIND, now.name)
    if not file:
        return PackChange(now, templates, writes, [*gone, place])
    content = definitions.ordered(now.as_mapping(), KIND)
    text = definition_text.encode(project.paths, KIND, content, place)
    return PackChange(now, templates, writes | ({place: text} if _read(project, place) != text else {}), gone)


def _compared(project: Project, paths: Sequence[Path], incoming: Incoming) -> Iterator[DefinitionChange]:
    """Yield what changes in the templates in these files, key by key."""
    old, new = [], []
    for path in paths:
        file, runner = project.paths.relative(path), path.parent.name
        if os.path.lexists(path):
            try:
                content: dict[str, Any] = project.definition("template", path.stem, runner)
            except InputInvalid:
                content = {}
            old.append(Definition("template", path.stem, file, content, runner))
        if file in incoming.contents:
            new.append(Definition("template", path.stem, file, incoming.contents[file], runner))
    yield from compare_definitions(old, new, {})


def _check_own(project: Project, had: dict[Path, PackedTemplate], paths: Sequence[Path]) -> None:
    """Raise UsageError for a file that would be replaced or removed, and that is not as a pack has left it."""
    hint = "replace it with --force; to keep it, first copy it to another name"
    for path in paths:
        runner, name, file = path.parent.name, path.stem, project.paths.relative(path)
        if path in had:
            if os.path.lexists(path) and _sha256(project, path) != had[path].sha256:
                raise UsageError(f"{file} was edited here", hint=hint)
        elif os.path.lexists(path):
            problem = f"template {quoted(name)} already exists, and is not from this pack: {file}"
            raise UsageError(problem, hint=f"add the pack under another name with --name, or {hint}")
        else:
            check_case("template", name, [other for owner, other in project.all_templates() if owner == runner])
            _check_settings(project, runner, name)


def _check_settings(project: Project, runner: str, name: str) -> None:
    """Raise UsageError if the settings define a template, which a file with this name would replace."""
    if name in project.config.templates.get(runner, {}):
        settings = project.paths.relative(project.paths.config)
        raise UsageError(
            f"template {quoted(name)} already exists in {settings}",
            hint="add the pack under another name with --name, or remove that one with: qanat config edit",
        )


def _check_extended(project: Project, had: dict[Path, PackedTemplate], gone: Sequence[Path]) -> None:
    """Raise UsageError if a template that is not of the pack extends one that would be removed."""
    for runner, name in project.templates():
        if project.paths.definition("template", name, runner) in had:
            continue
        try:
            bases = definitions.template_from(project.definition("template", name, runner)).extends
        except (InputInvalid, NotFound):
            continue
        if lost := [base for base in bases if project.paths.definition("template", base, runner) in gone]:
            raise UsageError(
                f"template {quoted(name)} extends {quoted(lost[0])}, which would be removed",
                hint=f"first change it: qanat template update {name}",
            )


def apply(project: Project, change: PackChange, message: str, *, commit: bool) -> list[str]:
    """Write and remove the files of a change, and commit that if asked to; return the paths that are left to commit.

    Raises WriteFailed, GitRefused.
    """
    removed = tracked.at(project.location, worktree.head(project.location), change.removes)
    paths = change.paths
    with define.committing(project, paths, message, commit=commit), define.all_or_nothing(project, paths):
        for path, text in change.writes.items():
            project.write(path, text)
        for path in change.removes:
            project.remove(path)
    return [] if commit else [*map(project.paths.relative, change.writes), *removed]


def _path(project: Project, template: PackedTemplate) -> Path:
    return project.paths.definition("template", template.name, template.runner)


def _read(project: Project, path: Path) -> bytes | None:
    try:
        return project.read(path, DEFINITION_BYTES_MAX) if os.path.lexists(path) else None
    except InputInvalid:
        return None


def _sha256(project: Project, path: Path) -> str:
    data = _read(project, path)
    return "" if data is None else hashlib.sha256(data).hexdigest()
