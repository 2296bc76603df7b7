"""Importing a qanat 0.x database: the whole import is planned, then written in one commit.

A run keeps its number and gets a uid derived from it, so that a later import recognises it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qanat.domain import redaction
from qanat.domain.layout import RUNS, STATE, kind_of
from qanat.domain.run import Run
from qanat.git import command, commits, history, lock, worktree
from qanat.import_v0 import database as v0_database
from qanat.import_v0 import definitions
from qanat.import_v0.definitions import Content, Definitions, Templates, text
from qanat.import_v0.places import Places
from qanat.import_v0.runs import ImportedRun, Runs
from qanat.imports.remarks import Remarks
from qanat.records import definition_text, numbers, own_copies, run_codec
from qanat.system import files
from qanat.usecases.definitions.init import IGNORE
from qanat.usecases.definitions.initial_files import ignore_rules
from qanat.usecases.merging.setup import ATTRIBUTES, RULES
from qanat.usecases.project import Project
from qanat.usecases.tracking import counting
from qanat.usecases.tracking.find import comment_path

Progress = Callable[[int, int], None]


@dataclass
class Import:
    """What an import writes: files by path from the root, the runs among them, and remarks for the user.

    `names` are those of the definitions, by kind; `here` are the files that exist already, as they would be written.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    comments: int = 0
    here: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    manual: bool = False
    commit: str | None = None


def plan_import(project: Project, database: Path, progress: Progress, default_templates: Templates) -> Import:
    """Read a database, the settings beside it and the files of its runs; nothing is written.

    `default_templates` are the options of the templates that `qanat init` writes, by runner.

    Raises InputInvalid if it is not a qanat 0.x database, UsageError if a definition with the same name but
    different content exists already.
    """
    read = v0_database.read(database)
    remarks = Remarks()
    for remark in read.remarks:
        remarks.add(remark)
    own, beside = project.paths.config, database.resolve().parent / "config.yaml"
    here, settings = definitions.read_settings(own), definitions.read_settings(beside)
    if beside == own and "schema" in settings:
        settings = {}  # an earlier import has already converted them
    plan = Import(manual=_is_manual(here))
    found = definitions.convert(project, read, settings, remarks)
    found.config = _config(settings, here, in_place=beside == own, remarks=remarks)
    _add_definitions(project, found, plan, default_templates, remarks)
    result_dir = text((found.config or here).get("result_dir")) or "results"
    old_root = beside.parents[1] if beside.parent.name == STATE else project.root
    places = Places(project.root, old_root, result_dir, remarks)
    deleted = set(history.deleted_files(project.location, RUNS))
    for one in Runs(project, read, found, places, remarks).convert(progress):
        _add_run(project, one, plan, deleted, remarks)
    _add_lines(project, result_dir, plan, remarks)
    plan.remarks = remarks.lines()
    return plan


def carry_out(project: Project, plan: Import, progress: Progress) -> None:
    """Write and commit the import. The next run will have a higher number than any imported one."""
    if plan.runs:
        with lock.held(project.location):
            counting.begin(project)
            numbers.raise_to(project.location.private, max(run.number for run in plan.runs), project.sharing)
    own = {project.paths.relative(project.paths.config), IGNORE, ATTRIBUTES}
    _write(
        project, {path: data for path, data in plan.files.items() if path not in own}, progress, is_manual=plan.manual
    )
    branch = worktree.checked_out(project.location)
    if not plan.manual and branch is not None:
        # Files written by an import that was killed are committed too, unless a person has changed them since.
        unchanged = {path: data for path, data in plan.here.items() if _has_content(project.root / path, data)}
        data: dict[str, bytes | None] = {**plan.files, **unchanged}
        with lock.held(project.location) as held:
            plan.commit = commits.commit_files(held, branch, data, _message(plan), checked_out=True)
    # Written last, since these files tell the next import that this one was completed.
    _write(project, {path: data for path, data in plan.files.items() if path in own}, progress)


def _write(project: Project, contents: Mapping[str, bytes], progress: Progress, *, is_manual: bool = False) -> None:
    for place, (path, data) in enumerate(contents.items(), 1):
        if kind_of(path) == "run" and is_manual:
            own_copies.keep(project.location.private, Path(path).stem, data, project.sharing)
        project.write(project.root / path, data)
        progress(place, len(contents))


def _has_content(path: Path, data: bytes) -> bool:
    return files.is_file(path) and files.read(path) == data


def _is_manual(settings: Content) -> bool:
    records = settings.get("records")
    return isinstance(records, dict) and records.get("commit") == "manual"


def _config(settings: Content, here: Content, *, in_place: bool, remarks: Remarks) -> Content | None:
    """Return the project's new settings: those of qanat 0.x if they were this project's or it has none; else None."""
    if not settings:
        return None
    if in_place or not here:
        return definitions.converted_settings(settings, remarks)
    definitions.compare_settings(settings, here, remarks)
    return None


def _add_definitions(
    project: Project, found: Definitions, plan: Import, default_templates: Templates, remarks: Remarks
) -> None:
    paths = project.paths
    for kind, converted in found.by_kind():
        content = _without_secrets(converted, converted, f"{kind} {converted['name']}", remarks)
        runner = content["runner"] if kind == "template" else ""
        path = paths.definition(kind, content["name"], runner)
        data = definition_text.encode(paths, kind, content, path)
        if definitions.already_defined(project, kind, content, default_templates):
            plan.here[paths.relative(path)] = data
            continue
        plan.names.setdefault(kind, []).append(f"{runner}/{content['name']}" if runner else content["name"])
        plan.files[paths.relative(path)] = data
    if found.config is not None:
        plan.files[paths.relative(paths.config)] = definition_text.encode(paths, "config", found.config, paths.config)


def _add_run(project: Project, one: ImportedRun, plan: Import, deleted: Collection[str], remarks: Remarks) -> None:
    path = run_codec.path_of(one.run)
    run = _without_secrets(one.run, run_codec.to_mapping(one.run), one.run.number, remarks)
    comment = _without_secrets(one.comment, {"comment": one.comment}, one.run.number, remarks)
    # The comment comes first: if the record exists, the comment has been written too.
    own = {comment_path(run): f"{comment}\n".encode()} if comment else {}
    own[path] = run_codec.encode(run)
    if files.exists(project.root / path):
        plan.here |= own
        return
    if path in deleted:
        remarks.add("left out: it was deleted here after an earlier import", run.number)
        return
    if others := _others(project, run):
        remarks.add(f"another run already has this number ({', '.join(others)}): use full ids", run.number)
    plan.runs.append(run)
    plan.files |= own
    plan.comments += len(own) - 1


def _without_secrets(value: Any, content: Content, owner: int | str, remarks: Remarks) -> Any:
    """Return what is imported without what looks like a secret in its content, and remark on that."""
    clean = redaction.without(value, redaction.secrets_in([content]))
    if clean is not value:
        about = f"{owner}: " if isinstance(owner, str) else ""
        remarks.add(f"{about}what looks like a secret became {redaction.REDACTED}", None if about else int(owner))
    return clean


def _others(project: Project, run: Run) -> list[str]:
    """List the ids of runs with the same number, of any experiment."""
    folders = project.paths.runs.glob(f"*/{run.number // 100}")
    return [file.stem for folder in folders for file in folder.glob(f"{run.number}-*.yaml")]


def _add_lines(project: Project, result_dir: str, plan: Import, remarks: Remarks) -> None:
    """Plan the lines that `qanat init` adds for git; remark on a file that the user has changed."""
    ignored = {rule: _is_ignored(project, file) for rule, file in ignore_rules(result_dir).items()}
    wanted = {IGNORE: [rule for rule, already in ignored.items() if not already], ATTRIBUTES: list(RULES)}
    if _is_ignored(project, ".qanat/experiments/file.yaml"):
        remarks.add("git ignores .qanat/, where experiments and records are now kept: remove it from .gitignore")
    for name, lines in wanted.items():
        path = project.root / name
        if path.is_symlink():
            remarks.add(f"{name} is a symbolic link and was left as it is; it may lack {' and '.join(lines)}")
            continue
        before = files.read(path) if files.is_file(path) else b""
        after = files.with_lines(before, lines)
        if after == before:
            continue
        if files.exists(path) and any(change.path == name for change in worktree.status(project.location).changes):
            remarks.add(f"{name} has uncommitted changes and was left as it is; it lacks {' and '.join(lines)}")
        else:
            plan.files[name] = after


def _is_ignored(project: Project, path: str) -> bool:
    return command.call(project.root, "check-ignore", "--no-index", "--quiet", path).status == 0


def _message(plan: Import) -> str:
    counts = {kind: len(names) for kind, names in plan.names.items()} | {"run": len(plan.runs)}
    listed = ", ".join(f"{n:,} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n)
    return f"qanat: import a qanat 0.x database\n\n{listed or 'settings'}\n"


def as_mapping(plan: Import) -> Mapping[str, Any]:
    """Return what an import does, in the form of the `--json` output."""
    return {
        "experiments": plan.names.get("experiment", []),
        "datasets": plan.names.get("dataset", []),
        "templates": plan.names.get("template", []),
        "runs": [run.id for run in plan.runs],
        "comments": plan.comments,
        "settings": ".qanat/config.yaml" in plan.files,
        "here_already": list(plan.here),
        "remarks": plan.remarks,
        "commit": plan.commit,
    }
