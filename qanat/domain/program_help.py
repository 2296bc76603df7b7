"""Options of a program, read from what it prints for `--help` in the styles of argparse, click, typer and getopt."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

OPTIONS_MAX = 200
NAME_MAX = 100  # also of a default and of a choice
EXAMPLES_MAX, VALUES_MAX = 3, 3
NUMBER_MAX = 20
# What the help of an option without a default may call it.
_NO_DEFAULT = ("", "None", "none")
STORAGE = "--storage_path"
DATASET = "--dataset_path"
PURPOSE = {
    STORAGE: "the option by which qanat passes the directory for its results",
    DATASET: "the option by which qanat passes the path of each dataset",
}
# Options that programs have for what qanat passes as STORAGE and DATASET.
_ALIKE = {
    STORAGE: re.compile(r"--(storage|output|out|results?|save|log)([-_](path|dir|directory|folder))?"),
    DATASET: re.compile(r"--(dataset|data|input)([-_](path|dir|directory|folder|root))?"),
}
# Which parts of a program make it read --help; one without any may do its whole work.
_READS_HELP = re.compile(
    rb"argparse|ArgumentParser|\bclick\b|\btyper\b|\btyro\b|\bfire\b|docopt|optparse|simple_parsing|jsonargparse"
    rb"|\bhydra\b|\babsl\b|--help|\bgetopts?\b|ArgParse"
)
_FRAME = re.compile(r"^\s*[│┃|]|[│┃|]\s*$|[╭╮╰╯─━]{2,}.*")
_START = re.compile(r"\*?\s*(-[A-Za-z]\b|--[A-Za-z0-9][\w-]*)")
_NAME = re.compile(r"(?<![\w-])(--?[A-Za-z0-9][\w-]*)")
_DEFAULT = re.compile(rf"[\[(]default(?:s to)?:? ([^\])]{{0,{NAME_MAX}}})[\])]")
_CHOICES = re.compile(r"[{\[]([\w.-]+(?:[,|][\w.-]+)+)[}\]]")
# typer has further names and the metavar in columns of their own.
_COLUMN = re.compile(r"-.*|<?[A-Z][A-Z0-9_]*(\.\.\.)?>?|\[[^ |]*\|[^ ]*\]")
_HELP = ("-h", "--help", "--version", "--install-completion", "--show-completion")


@dataclass(frozen=True, slots=True)
class ProgramOption:
    """An option: its longest name, what it takes (empty for a flag), default, choices, and what it is for."""

    name: str
    metavar: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    help: str = ""

    @property
    def use(self) -> str:
        """`storage` or `dataset` for what qanat passes by itself, otherwise `parameter`."""
        return {STORAGE: "storage", DATASET: "dataset"}.get(self.name, "parameter")


def reads_help(text: bytes) -> bool:
    """Return whether the text of a program has a sign that it reads `--help`."""
    return _READS_HELP.search(text) is not None


def options_in(text: str) -> list[ProgramOption]:
    """List the options in the output of `--help`, without that for help itself."""
    found: dict[str, ProgramOption] = {}
    for entry in _entries(text):
        option = _option(entry)
        if option and option.name not in _HELP and len(option.name) <= NAME_MAX and len(found) < OPTIONS_MAX:
            found.setdefault(option.name, option)
    return list(found.values())


def _entries(text: str) -> Iterator[list[str]]:
    """Yield the lines about each option: one that begins with it, and those below that are indented further."""
    entry: list[str] = []
    indent = 0
    for raw in text.splitlines():
        line = _FRAME.sub("", raw).rstrip()
        text_of_line = line.lstrip()
        depth = len(line) - len(text_of_line)
        if _START.match(text_of_line) and (depth or line != raw.rstrip()) and (not entry or depth <= indent + 4):
            yield from [entry] if entry else []
            entry, indent = [text_of_line], depth
        elif entry and text_of_line and depth > indent:
            entry.append(text_of_line)
        elif entry:
            yield entry
            entry = []
    yield from [entry] if entry else []


def _option(entry: Sequence[str]) -> ProgramOption | None:
    first, *others = re.split(r"\s{2,}", entry[0].removeprefix("*").strip())
    further = list(takewhile(_COLUMN.fullmatch, others))
    declared, text = " ".join([first, *further]), " ".join([*others[len(further) :], *entry[1:]])
    names = _NAME.findall(declared)
    long = [name for name in names if name.startswith("--")]
    if not names:
        return None
    choices, default = _CHOICES.search(declared), _DEFAULT.search(text)
    last = _NAME.sub(" ", declared.split(", ")[-1])
    metavar = choices[0] if choices else " ".join(re.sub("[/=]", " ", last).split())
    return ProgramOption(
        (long or names)[0],
        metavar,
        default[1].strip("'\" ") if metavar and default and default[1] != "None" else "",
        tuple(c for c in re.split("[,|]", choices[1]) if len(c) <= NAME_MAX) if choices else (),
        " ".join(_DEFAULT.sub("", text).split()),
    )


def missing(options: Sequence[ProgramOption], *, reads_datasets: bool) -> list[str]:
    """List what the program does not have of what qanat passes to it, each with what it has instead."""
    names = [option.name for option in options]
    wanted = [STORAGE, DATASET] if reads_datasets else [STORAGE]
    return [_missing(name, names) for name in wanted if name not in names]


def _missing(wanted: str, names: Sequence[str]) -> str:
    alike = [name for name in names if _ALIKE[wanted].fullmatch(name)]
    has = f"; {alike[0]} may be the option to rename" if alike else ""
    return f"lacks {wanted}, {PURPOSE[wanted]}{has}"


def examples(options: Sequence[ProgramOption]) -> list[tuple[str, ...]]:
    """List arguments of `qanat run` that try some of the options: a single run, groups, and a range.

    Each can be typed as it is: an option without choices or a default in the help is in none of them.
    """
    free = [o for o in options if o.use == "parameter" and o.name.startswith("--") and o.metavar]
    free = [o for o in free if not any(alike.fullmatch(o.name) for alike in _ALIKE.values())]
    if not free:
        return []
    known = [o for o in free if o.choices or o.default not in _NO_DEFAULT]
    found: list[tuple[str, ...]] = [(known[0].name, _values(known[0])[0]) if known else ()]
    ranged = next((o for o in known if len(_values(o)) > 1), None)
    if ranged:
        found.append(
            tuple(part for value in _values(ranged)[:2] for part in ("-g", f"{ranged.name} {shlex.quote(value)}"))
        )
    whole = next((o for o in free if _is_whole(o)), None)
    if whole:
        values = ",".join(_values(whole)[:VALUES_MAX]) if whole in known else "1,2"
        found.append(("-R", f"{whole.name} 0 3 1" if "seed" in whole.name else f"{whole.name} {values}"))
    return found[:EXAMPLES_MAX]


def _is_whole(option: ProgramOption) -> bool:
    return option.default.isdecimal() or option.metavar.upper() in ("INTEGER", "INT") or "seed" in option.name


def _values(option: ProgramOption) -> list[str]:
    """Return values to try: choices, or the default and its double."""
    if option.choices:
        return list(option.choices)
    try:
        number = float(option.default)
    except ValueError:
        return [option.default]
    if len(option.default) > NUMBER_MAX:
        return [option.default]
    double = str(int(option.default) * 2) if option.default.isdecimal() else f"{number * 2:g}"
    return [option.default, double] if number else [option.default, "1"]
