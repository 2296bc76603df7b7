"""`qanat template add`, `pull` and `remove`: packs of templates that sites share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.definitions.defining import commit_option, secrets_option, yes_option
from qanat.cli.options import option
from qanat.cli.terminal import prompts, tables
from qanat.cli.terminal.output import plural, say, tell, tell_note, width
from qanat.domain import secret_checks
from qanat.domain.changes import ADDED, REMOVED, DefinitionChange
from qanat.domain.meanings import ABSENT, shown
from qanat.domain.pack import Pack
from qanat.errors import UsageError
from qanat.usecases.definitions import pack_source, packs
from qanat.usecases.definitions.pack_source import Incoming
from qanat.usecases.definitions.packs import PackChange
from qanat.usecases.launch import templates
from qanat.usecases.project import Project, open_project

_HEADERS = ("Template", "Runner", "Extends", "Only on", "Options")
ADD = """\b
Example:
  qanat template add https://git.example.org/alpha/qanat-templates.git --name alpha
  qanat template add /shared/qanat-templates --commit"""

force_option = option("--force", is_flag=True, help="Replace templates even if they were edited here.")
ref_option = option("--ref", metavar="REV", help="Branch, tag or commit to copy.")


@click.command(epilog=ADD, short_help="Copy the templates that a site shares.")
@click.argument("source", metavar="SOURCE", type=click.Path(file_okay=False))
@option("--name", metavar="NAME", help="Name of the pack; by default, the one that it has, or the end of its address.")
@ref_option
@force_option
@yes_option
@commit_option
@secrets_option
def add(
    source: str, name: str | None, ref: str | None, force: bool, yes: bool, commit: bool, allow_secrets: bool
) -> None:
    """Copy a pack of templates from SOURCE, a git repository or a folder, into this project.

    Its templates get the name of the pack before their own, as in alpha-gpu. They are shown before they are copied: an
    option can make a scheduler start programs. `.qanat/packs/NAME.yaml` keeps where they came from.
    """
    project = open_project(Path.cwd())
    incoming = pack_source.read_pack(project.paths, source, ref, name)
    change = packs.added(project, incoming, force=force)
    if not allow_secrets:
        _check_secrets(incoming)
    say(f"Pack {_described(incoming.pack)}")
    say(_table(incoming))
    _tell_problems(incoming)
    _confirm(f"Copy {plural(len(incoming.texts), 'template')}?", yes=yes)
    _apply(project, change, f"qanat: pack {incoming.pack.name} added", commit=commit)


@click.command(epilog="\b\nExample:\n  qanat template pull\n  qanat template pull alpha --ref v2")
@click.argument("pack", required=False)
@ref_option
@force_option
@option("--dry-run", is_flag=True, help="Only show what would change.")
@yes_option
@commit_option
@secrets_option
def pull(
    pack: str | None, ref: str | None, force: bool, dry_run: bool, yes: bool, commit: bool, allow_secrets: bool
) -> None:
    """Bring PACK up to date, or all packs, after showing what changes."""
    project = open_project(Path.cwd())
    if ref and pack is None:
        raise UsageError("--ref requires the name of a pack", hint="qanat template pull PACK --ref REV")
    chosen = [packs.pack(project, name) for name in ([pack] if pack else project.names(packs.KIND))]
    if not chosen:
        say("no packs yet; add one with: qanat template add SOURCE")
    for before in chosen:
        tell(f"Fetching {before.name} from {before.url}")
        incoming = pack_source.read_pack(project.paths, before.url, ref or before.ref, before.name)
        change = packs.pulled(project, before, incoming, force=force)
        if not change.paths:
            say(f"{before.name} is up to date")
            continue
        if not allow_secrets:
            _check_secrets(incoming)
        say(f"Pack {_described(incoming.pack)}")
        say("\n".join(_lines(change)))
        _tell_problems(incoming)
        if not dry_run:
            _confirm("Make these changes?", yes=yes)
            _apply(project, change, f"qanat: pack {before.name} pulled", commit=commit)


@click.command(epilog="\b\nExample:\n  qanat template remove alpha --yes --commit")
@click.argument("pack")
@force_option
@yes_option
@commit_option
def remove(pack: str, force: bool, yes: bool, commit: bool) -> None:
    """Remove PACK with its templates. Records keep the options that runs were submitted with."""
    project = open_project(Path.cwd())
    change = packs.removed(project, pack, force=force)
    say(f"Pack {pack} will be removed, with {plural(len(change.templates), 'template')}:")
    say("\n".join(_lines(change)))
    _confirm("Remove them?", yes=yes)
    _apply(project, change, f"qanat: pack {pack} removed", commit=commit)


def _described(pack: Pack) -> str:
    at = f" at {pack.commit[:10]}" if pack.commit else ""
    return f"{pack.name}, from {pack.url}{at}{f': {pack.description}' if pack.description else ''}"


def _table(incoming: Incoming) -> str:
    rows = []
    for content in incoming.contents.values():
        extends, hosts = content.get("extends", ()), content.get("when", {}).get("host", ())
        texts = [each if isinstance(each, str) else ", ".join(each) for each in (extends, hosts)]
        options = ", ".join(f"{key}={shown(value)}" for key, value in content.get("options", {}).items())
        rows.append((content["name"], content["runner"], *texts, options))
    return tables.table(_HEADERS, rows, width=width(), flexible=range(2, len(_HEADERS)))


def _lines(change: PackChange) -> Iterator[str]:
    """Yield what changes in the templates of a pack, a line for each key."""
    for each in change.templates:
        yield f"  {each.change} {each.definition.name} ({each.definition.runner})"
        if each.change != REMOVED:
            yield from (f"    {line}" for line in _keys(each))


def _keys(change: DefinitionChange) -> Iterator[str]:
    for key in change.keys:
        old, new = (shown(value) for value in (key.old, key.new))
        if change.change == ADDED or key.old is ABSENT:
            yield f"+ {key.key}: {new}"
        elif key.new is ABSENT:
            yield f"- {key.key}: {old}"
        else:
            yield f"{key.key}: {old} → {new}"


def _check_secrets(incoming: Incoming) -> None:
    secret_checks.check_content(f"pack {incoming.pack.name}", incoming.pack.as_mapping())
    for content in incoming.contents.values():
        secret_checks.check_content(f"template {content['name']}", content)


def _tell_problems(incoming: Incoming) -> None:
    """Print which options a runner of this qanat does not take."""
    for content in incoming.contents.values():
        for problem in templates.key_problems(content, session.runners()):
            tell_note(f"{content['name']}: {problem}")


def _confirm(question: str, *, yes: bool) -> None:
    if not yes and not prompts.confirm(question, option="--yes"):
        raise click.Abort


def _apply(project: Project, change: PackChange, message: str, *, commit: bool) -> None:
    left = packs.apply(project, change, message, commit=commit)
    for path in change.writes:
        say(f"Wrote {project.paths.relative(path)}")
    for path in change.removes:
        say(f"Removed {project.paths.relative(path)}")
    if commit:
        say(f"Committed {plural(len(change.paths), 'file')}")
    elif left:
        names = shlex.join(os.path.relpath(project.root / path) for path in left)
        tell(f"  hint: commit this with: git add -A -- {names} && git commit; --commit does it for you")
