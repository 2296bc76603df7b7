"""`qanat document check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from qanat.cli import session
from qanat.cli.commands.document_build import ignore_option
from qanat.cli.definitions.defining import json_option
from qanat.cli.options import Command, option
from qanat.cli.terminal.output import plural, say, say_json, tell, tell_note
from qanat.domain.latex_references import VALUES
from qanat.domain.redaction import redacted
from qanat.errors import EXIT_FAILED
from qanat.usecases.documents.values import CheckRequest, check_texts
from qanat.usecases.project import Project, open_project
from qanat.usecases.references import style
from qanat.usecases.references.check import Checked
from qanat.usecases.references.judging import WRITTEN, Judged
from qanat.usecases.references.said import said
from qanat.usecases.references.texts import chosen_texts

SHOWN_MAX = 200
EXAMPLE = r"""Example:
  qanat document check
  qanat document check iris_paper --write
  qanat document check README.md

\b
References in Markdown and in LaTeX:
  <!-- qanat:4:acc -->0.953<!-- /qanat -->             \qanat{4:acc}
  <!-- qanat:best(acc, fresh) -->…<!-- /qanat -->      \qanat{best(acc, fresh)}
  <!-- qanat:runs where="lr<0.01" -->…<!-- /qanat -->  \qanattable{lr<0.01}

See docs/references.md."""


@click.command(cls=Command, epilog=f"\b\n{EXAMPLE}".replace("\\b", "\b"))
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...")
@option("--write", "writes", is_flag=True, help="Write what the texts should say.")
@option("--repin", is_flag=True, help="Let conditions choose runs again, whatever is pinned.")
@ignore_option
@option("--no-fresh", is_flag=True, help="Do not check whether runs are still fresh, which takes longer.")
@json_option
def check(
    names: tuple[str, ...], writes: bool, repin: bool, ignore: tuple[str, ...], no_fresh: bool, as_json: bool
) -> None:
    """Check that the numbers, tables and figures in texts are those of their runs.

    Names are those of documents, or files in Markdown, Quarto or LaTeX; without any, the texts of all documents are
    checked. The exit code is 1 if something is wrong.
    """
    request = CheckRequest(ignore, writes, repin, asks_fresh=not no_fresh)
    project = open_project(Path.cwd())
    checked = check_texts(project, session.runners(), chosen_texts(project, names, Path.cwd()), request)
    for note in checked.notes:
        tell_note(note)
    found = checked.found
    if as_json:
        references = [_mapping(one) for one in found.judged]
        say_json({"texts": found.texts, "written": list(checked.written), "references": references})
    else:
        _show(project, found, checked.left, checked.written)
    if found.wrong:
        raise click.exceptions.Exit(EXIT_FAILED)


def _show(project: Project, found: Checked, left: Sequence[Judged], written: Sequence[str]) -> None:
    for path in written:
        say(f"Wrote {path}")
    lines = [
        f"{one.first.file}:{one.first.line}:{one.first.column}: {one.problem.verdict}: {one.sentence}"
        + (f" ({one.problem.hint})" if one.problem.hint else "")
        for one in said((judged, problem) for judged in left for problem in judged.problems)
    ]
    for line in lines[:SHOWN_MAX]:
        say(redacted(line))
    if len(lines) > SHOWN_MAX:
        say(f"… and {len(lines) - SHOWN_MAX:,} more; --json has all")
    wrong = sum(one.is_wrong for one in left)
    count = f"{plural(len(found.judged), 'reference')} in {plural(found.texts, 'text')}"
    if not wrong:
        unchecked = sum(one.is_unchecked for one in found.judged)
        right = f"{unchecked:,} not checked" if unchecked else "all as their runs have them"
        say(f"{count}: {right}" if found.judged else "no references in these texts")
    else:
        tell(f"{count}: {wrong:,} to look at")
        mended = sum(any(p.verdict in WRITTEN and not p.hint for p in one.problems) for one in left)
        if mended and not written:
            which = "they" if mended == wrong else f"{mended:,} of them"
            tell(f"  hint: write what {which} should say with: qanat document check --write")
    _note_style(project, written)


def _note_style(project: Project, written: Sequence[str]) -> None:
    """Note that LaTeX will not find qanat.sty beside a file of values."""
    for path in written:
        folder = path.rpartition("/")[0]
        if path.endswith(VALUES) and not style.is_beside(project, folder):
            tell_note(f"qanat.sty is not in {folder or '.'}; copy it with: qanat document sty {folder or '.'}")


def _mapping(one: Judged) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "reference": one.spelled,
        "kind": one.kind,
        "text": one.text,
        "value": one.value,
        "pinned": one.pin,
        "runs": list(one.runs),
        "problems": [{"verdict": p.verdict.value, "problem": p.sentence, "hint": p.hint} for p in one.problems],
    }
