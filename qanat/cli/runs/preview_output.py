"""What a dry run prints, and what plans print of the groups, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from qanat.cli.terminal.output import clean, plural, say, say_json, tell
from qanat.domain.setting import respelled
from qanat.domain.standing import ACTIVE, DONE, FAILED, NEW, Standing
from qanat.usecases.launch.plan import PlannedGroup
from qanat.usecases.launch.previewing import Preview
from qanat.usecases.launch.view import number_in

RESPELLED_SHOWN, GROUPS_SHOWN = 3, 20
_WORDS = {NEW: "new", DONE: "done", FAILED: "failed before", ACTIVE: "active"}


def show_preview(preview: Preview, *, as_json: bool, in_full: bool) -> None:
    """Print the groups of a dry run with their commands, the first ones or all, and what a scheduler would be given."""
    import shlex

    groups = preview.groups
    standings = preview.standings or (None,) * len(groups)
    tell_respelled(group.args for group in groups)
    if as_json:
        say_json([_as_mapping(*pair) for pair in zip(groups, standings, strict=True)])
        return
    if preview.script:
        say(preview.script.rstrip("\n"))
        say()
    for group, standing in list(zip(groups, standings, strict=True))[: None if in_full else GROUPS_SHOWN]:
        say(f"group {group.group}: {shlex.join(group.command)}")
        if standing:
            say(f"  {_described(standing)}")
    if not in_full and (more := len(groups) - GROUPS_SHOWN) > 0:
        say(f"… and {plural(more, 'more group')}")
    say(f"{plural(len(groups), 'group')}{counted(preview.standings)}; nothing was run or written")
    left_out = ["the scripts of jobs"] if preview.script else []
    left_out += ["all groups"] if groups[GROUPS_SHOWN:] else []
    if left_out and not in_full:
        tell(f"  hint: show {' and '.join(left_out)} with --show-script")


def tell_respelled(groups: Iterable[Sequence[str]]) -> None:
    """Note values that are one number, spelled differently, since comparisons take them for the same."""
    for texts in respelled(groups)[:RESPELLED_SHOWN]:
        tell(f"note: {' and '.join(map(clean, texts))} are one setting: its groups count as repetitions of each other")


def counted(standings: Sequence[Standing]) -> str:
    """Return how many groups have each status, in parentheses; empty if nothing is known."""
    counts = Counter(map(_word, standings))
    found = [f"{counts[word]:,} {word}" for word in dict.fromkeys((*_WORDS.values(), *counts)) if counts[word]]
    return f" ({', '.join(found)})" if found else ""


def _as_mapping(group: PlannedGroup, standing: Standing | None) -> dict[str, Any]:
    row = {"group": group.group, "args": group.args, "command": group.command, "storage": group.storage}
    return row | (standing.as_mapping() if standing else {"status": NEW})


def _described(standing: Standing) -> str:
    """Return what earlier runs say about a group."""
    where = f"run {number_in(standing.run)}, group {standing.group}"
    if standing.status != NEW:
        return f"{_word(standing)} ({where})"
    if standing.group is None:
        return "new"
    return f"new ({where}: {clean(standing.why)})"


def _word(standing: Standing) -> str:
    return f"{standing.why} before" if standing.status == FAILED and standing.why else _WORDS[standing.status]
