"""What `qanat init` asks, reads and says about starting points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from qanat.cli.options import used_options
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import plural, say, say_json, tell, width
from qanat.domain.pack import anonymous
from qanat.domain.shortening import quoted
from qanat.domain.starting_point import README, StartingPoint, described, experiments
from qanat.errors import UsageError
from qanat.usecases.definitions import starting_points, starting_source
from qanat.usecases.definitions.starting_source import Source

_WORKFLOW = ".github/workflows/qanat.yml"
_ONLY_WITH_FROM = ("--ref", "--answer", "--data", "--trust")


def check_options(template: str | None, source: str | None) -> None:
    """Raise UsageError for options that mean something only together with others that were not used."""
    used = used_options()
    if source is None and (alone := next((one for one in _ONLY_WITH_FROM if one in used), "")):
        raise UsageError(f"{alone} is for starting points of others", hint="say where it is with: --from SOURCE")
    if "--keep" in used and template is None and source is None:
        raise UsageError("--keep is for the files of a starting point", hint="add --template NAME or --from SOURCE")
    if "--json" in used and "--list-templates" not in used:
        raise UsageError("--json is for lists", hint="qanat init --list-templates --json")


def print_list(*, as_json: bool) -> None:
    """Print the built-in starting points."""
    found = starting_points.offered()
    if as_json:
        say_json([asdict(one) for one in found])
        return
    say(tables.table(("Name", "What it is"), [(one.name, one.about) for one in found], width=width(), flexible=[1]))
    say("Start with one: qanat init DIR --template NAME")


def read(
    template: str | None,
    source: str | None,
    ref: str | None,
    answers: Sequence[str],
    *,
    project: Path,
    defaults: bool,
    trust: bool,
) -> StartingPoint | None:
    """Return the starting point that was asked for; None if there is none."""
    if source is not None:
        tell(f"Reading {anonymous(source)}")
        found = starting_source.read(Source(source, ref, template or "", _parsed(answers), defaults, trust, project))
        if found.left_out:
            tell(f"note: left out {plural(found.left_out, 'file')} of runs and of the cache")
        return found
    return starting_points.built_in(template) if template is not None else None


def _parsed(answers: Sequence[str]) -> dict[str, str]:
    found = {}
    for answer in answers:
        key, equals, value = answer.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--answer {quoted(answer)} is not KEY=VALUE", hint="for example: --answer name=storms")
        found[key.strip()] = value
    return found


def tell_next(start: StartingPoint, kept: Sequence[str], way: str, *, is_own: bool) -> None:
    """Print what to type next, beginning with the way to the project's folder; other files than its own were `kept`."""
    readme = start.files.get(README, b"").decode("utf-8", "replace")
    commands = described(readme).commands if is_own else [f"qanat run {name}" for name in experiments(start.files)]
    say("Next:")
    for command in (*([way] if way else ()), *(commands or ["qanat experiment new FILE"])):
        say(f"  {command}")
    if readme and README not in kept:
        say(f"{README} says what there is, and what else to try")
    if starting_points.PLACEHOLDER in start.files.get(_WORKFLOW, b"") and _WORKFLOW not in kept:
        tell(f"note: before you push to GitHub, replace {starting_points.PLACEHOLDER.decode()} in {_WORKFLOW}")
