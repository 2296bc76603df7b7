"""The report of `rerun --check`: what differs, and why that may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qanat.cli.terminal.output import brief, clean, listed, plural, say, say_json, tell
from qanat.domain.reproduction import IDENTICAL, STATE, Comparison, FileVerdict, ValueVerdict
from qanat.domain.run import Run

SHOWN_MAX = 20
NAMED_MAX = 5


def print_report(found: Comparison, first: Run, again: Run, causes: Sequence[str]) -> None:
    """Print what differs, with what may have caused it, and on stderr the conclusion."""
    lines = [*_file_lines(found.files), *_value_lines(found.values, several=len(first.groups) > 1)]
    for line in lines[:SHOWN_MAX]:
        say(brief(line))
    if len(lines) > SHOWN_MAX:
        say(f"… and {len(lines) - SHOWN_MAX:,} more; for all of them: --json")
    if lines:
        say(f"{plural(_same(found), 'file')} identical")
        for cause in causes:
            say(brief(f"  {cause}"))
    if by_size := [clean(_name(file)) for file in found.files if file.verdict == IDENTICAL and file.detail]:
        tell(f"note: compared by size, at least in part: {listed(by_size, NAMED_MAX)}")
    tell(_conclusion(found, first, again))


def print_json(found: Comparison, first: Run, again: Run, notes: Sequence[str], causes: Sequence[str]) -> None:
    """Print all verdicts as JSON."""
    content: dict[str, Any] = {
        "first": first.id,
        "second": again.id,
        "identical": found.is_identical,
        "equal": found.is_equal,
        "notes": list(notes),
        "files": [
            {"file": file.path, "verdict": file.verdict, "detail": file.detail, "count": file.files}
            for file in found.files
        ],
        "values": [
            {
                "group": value.group,
                "name": value.name,
                "verdict": value.verdict,
                "first": value.first,
                "second": value.again,
            }
            for value in found.values
        ],
        "causes": [] if found.is_identical else list(causes),
    }
    say_json(content)


def _file_lines(files: Sequence[FileVerdict]) -> Iterator[str]:
    for file in files:
        if file.verdict != IDENTICAL:
            yield f"{file.verdict:10} {_name(file)}{f' ({file.detail})' if file.detail else ''}"


def _name(file: FileVerdict) -> str:
    return "all outputs" if file.path == "." else file.path


def _value_lines(values: Sequence[ValueVerdict], *, several: bool) -> Iterator[str]:
    for value in values:
        if value.verdict != IDENTICAL:
            where = f"group {value.group}: " if several else ""
            yield f"{value.verdict:10} {where}{value.name} ({_shown(value.first)} and {_shown(value.again)})"


def _shown(value: float | str | None) -> str:
    return "none" if value is None else str(value)


def _same(found: Comparison) -> int:
    """Count the files that are identical."""
    return sum(file.files for file in found.files if file.verdict == IDENTICAL)


def _other(verdicts: Sequence[FileVerdict] | Sequence[ValueVerdict]) -> int:
    return sum(each.verdict != IDENTICAL for each in verdicts)


def _conclusion(found: Comparison, first: Run, again: Run) -> str:
    """Return the last line: how much was compared or, if something differs, how much of it."""
    parts = _compared(found) if found.is_identical else _differing(found, len(first.groups))
    what = ", ".join([*parts[:-2], " and ".join(parts[-2:])])
    verdict = "identical" if found.is_identical else "equal, but not identical" if found.is_equal else "not identical"
    return f"{verdict}: {what} of runs {first.number} and {again.number}"


def _compared(found: Comparison) -> list[str]:
    counts = {"file": _same(found), "metric": len(found.values)}
    return [plural(count, thing) for thing, count in counts.items() if count]


def _differing(found: Comparison, groups: int) -> list[str]:
    files = [file for file in found.files if not file.is_group]
    metrics = [value for value in found.values if value.name != STATE]
    parts = [
        (_other(files), f"{_other(files):,} of {plural(len(files), 'file')}"),
        (
            outputs := _other([file for file in found.files if file.is_group]),
            f"the outputs{_of_groups(outputs, groups)}",
        ),
        (_other(metrics), f"{_other(metrics):,} of {plural(len(metrics), 'metric')}"),
        (ends := len(found.values) - len(metrics), f"the end{_of_groups(ends, groups)}"),
    ]
    return [text for count, text in parts if count]


def _of_groups(count: int, groups: int) -> str:
    return f" of {count:,} of {groups:,} groups" if groups > 1 else ""
