"""What runs used of what they asked for, as text and for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from qanat.cli import session
from qanat.cli.terminal import tables
from qanat.cli.terminal.output import brief, listed, plural
from qanat.domain.amounts import shown_mib, shown_span
from qanat.domain.efficiency import Efficiency, efficiencies
from qanat.domain.facts import facts_of
from qanat.domain.retry_policy import OUT_OF_MEMORY, TIMEOUT
from qanat.domain.run import Run
from qanat.usecases.launch import templates
from qanat.usecases.launch.efficiency import Advice, asked_by

RUNS_NAMED = 5
_LACKED = {OUT_OF_MEMORY: "memory", TIMEOUT: "time"}


def shown_cpus(number: float) -> str:
    """Write a number of CPUs: 4, 1.2, 0.05."""
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def _percent(number: float) -> str:
    return f"{number:.0f} %"


# What each amount is called, and how it is written.
_ROWS: dict[str, tuple[str, Callable[[float], str]]] = {
    "cpus": ("CPUs", shown_cpus),
    "memory_mib": ("memory", shown_mib),
    "time_s": ("time", shown_span),
    "gpu_memory_mib": ("memory of GPUs", shown_mib),
    "gpu_percent": ("use of GPUs", _percent),
}


def in_short(run: Run) -> str:
    """Return in a line what the groups of a run used of what they asked for: 1.2 of 4 CPUs, 310 MiB of 2 GiB."""
    found = efficiencies([facts_of(run)], lambda facts: asked_by(session.runners(), facts.runner, facts.options))
    if not found:
        return ""
    amounts, asked = found[0].amounts, asdict(found[0].share)
    parts = []
    for name, (title, shown) in _ROWS.items():
        if name in amounts:
            used, limit = amounts[name].largest, asked.get(name)
            text = f"{shown(used)} of {shown(limit)}" if limit and used <= limit else shown(used)
            unit = "" if name in ("memory_mib", "time_s") else f" {title.removeprefix('use ')}"
            if name == "cpus" and text.rpartition(" ")[2] == "1":
                unit = " CPU"
            parts.append(f"{text}{unit}{f' ({shown(limit)} asked for)' if limit and used > limit else ''}")
    most = " at most" if found[0].groups > 1 else ""
    return f"{', '.join(parts)}{most}"


def as_text(advice: Advice) -> str:
    """Describe what runs used, with the template at the end, which can be pasted as it is."""
    found = advice.found
    lines = [_title(found), *_table(found), *_remarks(advice)]
    if advice.template:
        place = f"{advice.template.runner}/{advice.template.name}.yaml"
        lines += [f"# This would have fitted; it can be stored as .qanat/templates/{place}"]
        lines += [template_text(advice)]
    return "\n".join(lines)


def template_text(advice: Advice) -> str:
    """Return the template as the text of its file."""
    return templates.as_text(advice.template).rstrip("\n") if advice.template else ""


def as_mapping(advice: Advice) -> dict[str, Any]:
    """Return all that is known, as JSON has it; shares of what was asked for are between 0 and 1."""
    found, asked = advice.found, asdict(advice.found.share)
    used = {
        name: {"largest": amount.largest, "median": amount.median, "unused": amount.unused(asked.get(name))}
        for name, amount in found.amounts.items()
    }
    return {
        "experiment": found.experiment,
        "runner": found.runner,
        "template": found.template,
        "runs": list(found.runs),
        "groups": found.groups,
        "per_job": found.per_job,
        "at_once": found.at_once,
        "asked": asked,
        "used": used,
        "cpu_hours": {"asked": found.cpu_h_asked, "used": found.cpu_h},
        "lacked": dict(found.lacked),
        "fitting": asdict(found.fitting),
        "fitting_template": templates.as_mapping(advice.template) if advice.template else None,
    }


def _title(found: Efficiency) -> str:
    runs = f"{'run' if len(found.runs) == 1 else 'runs'} {listed(list(found.runs), RUNS_NAMED)}"
    template = f", template {found.template}" if found.template else ""
    return brief(f"{found.experiment}, {found.runner}{template}: {plural(found.groups, 'group')} of {runs}")


def _table(found: Efficiency) -> tuple[str, ...]:
    asked = {name: value for name, value in asdict(found.share).items() if name in _ROWS}
    rows = []
    for name, (title, shown) in _ROWS.items():
        amount, limit = found.amounts.get(name), asked.get(name)
        if amount is None and limit is None:
            continue
        unused = amount.unused(limit) if amount else None
        rows.append(
            [
                f"  {title}",
                shown(limit) if limit is not None else "",
                shown(amount.largest) if amount else "not known",
                shown(amount.median) if amount else "",
                _percent(unused * 100) if unused is not None else "",
            ]
        )
    titles = ["  ", "asked", "largest", "median", "unused"]
    if not any(row[1] for row in rows):
        titles, rows = ["  ", "largest", "median"], [[row[0], *row[2:4]] for row in rows]
    return tables.fit([tables.Heading(text, stays=True) for text in titles], rows, None).lines


def _remarks(advice: Advice) -> list[str]:
    found = advice.found
    lines = []
    if found.per_job > 1:
        at_once = f", {found.at_once} at the same time" if found.at_once > 1 else ""
        lines.append(f"  Each job had up to {found.per_job:,} groups{at_once}; `asked` is the share of a group.")
    if found.cpu_h_asked and "cpus" in found.amounts:
        hours = f"{found.cpu_h_asked:,.0f}" if found.cpu_h_asked >= 100 else f"{found.cpu_h_asked:.2g}"
        lines.append(
            f"  Of {hours} CPU hours, {max(0.0, 1 - found.cpu_h / found.cpu_h_asked) * 100:.0f} % were not used."
        )
    for word, count in found.lacked.items():
        were = "was" if count == 1 else "were"
        lines.append(f"  {plural(count, 'group')} {were} ended for needing more {_LACKED[word]}.")
    if found.amounts.keys() <= {"time_s"}:
        lines.append("  What the groups used was not noted, apart from the time.")
    elif "memory_mib" not in found.amounts:
        lines.append("  The memory is not known: no group took long enough to be looked at.")
    return lines
