"""Arguments of a program that look like misspelt options of qanat."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from qanat.cli.terminal.arguments import DRY_RUN, NearMiss
from qanat.cli.terminal.output import tell
from qanat.errors import UsageError
from qanat.usecases.launch.definitions import program_text
from qanat.usecases.project import Project


def check(project: Project, experiment: str, found: Sequence[NearMiss], *, is_dry_run: bool) -> None:
    """Note each argument that looks like a qanat option. Raises UsageError if it looks like --dry-run.

    An option that the program's own text has is the program's.
    """
    text = program_text(project, experiment) if found else b""
    for miss in found:
        word = miss.argument.partition("=")[0]
        if word.encode("utf-8", "surrogateescape") in text:
            continue
        if miss.option == DRY_RUN and not is_dry_run:
            own = f"qanat run {experiment} -- {shlex.quote(miss.argument)}"
            raise UsageError(
                f"{miss.argument} is not an option of qanat: it would go to the program, and the run would start",
                hint=f"write {DRY_RUN}; or, if it is an option of the program, put it after --: {own}",
            )
        tell(f"note: {miss.argument} is passed to the program; to set the qanat option, write {miss.instead}")
