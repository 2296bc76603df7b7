"""What an import says about what it does not import, or changes, and names that it makes valid."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qanat.domain import spans
from qanat.domain.names import NAME_MAX, name_problem

# Stand for a launch whose time, and for code whose commit nobody recorded.
UNKNOWN_TIME = "1970-01-01T00:00:00+00:00"
NO_COMMIT = "0" * 40
NAMED = 5


@dataclass
class Remarks:
    """Remarks on whatever was not imported unchanged: each text once, with the runs that it is about."""

    _about: dict[str, list[int | str]] = field(default_factory=dict)

    def add(self, text: str, run: int | str | None = None) -> None:
        """Add a remark, about a run if one is given: its number, or what another tool calls it."""
        runs = self._about.setdefault(text, [])
        if run is not None:
            runs.append(run)

    def forget(self, run: str) -> None:
        """Forget what is about a run that is not imported."""
        for text, runs in [*self._about.items()]:
            if run in runs:
                self._about[text] = [one for one in runs if one != run]
                if not self._about[text]:
                    del self._about[text]

    def rename(self, numbers: Mapping[str, int]) -> None:
        """Name runs by the numbers that they have got, by what they were called before."""
        for text, runs in self._about.items():
            self._about[text] = [numbers.get(run, run) if isinstance(run, str) else run for run in runs]

    def lines(self) -> list[str]:
        """Return the remarks, in the order in which they were first made."""
        return [f"{_named(runs)}: {text}" if runs else text for text, runs in self._about.items()]


def _named(runs: Sequence[int | str]) -> str:
    numbers = [run for run in runs if isinstance(run, int)]
    names = list(dict.fromkeys(run for run in runs if isinstance(run, str)))
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    others = [f"run{'s' if len(names) > 1 else ''} {', '.join(names[:NAMED])}{more}"] if names else []
    return ", and ".join([*([run_numbers(numbers)] if numbers else []), *others])


def run_numbers(runs: Iterable[int]) -> str:
    """List runs by number, neighbours as a range: `run 4`, `runs 1-3, 7`."""
    numbers = sorted(set(runs))
    return f"run{'s' if len(numbers) > 1 else ''} {spans.format_spans(numbers, ', ')}"


def usable_name(name: str, instead: str, taken: Collection[str]) -> str:
    """Return name if it is valid and not taken, otherwise a similar name that is.

    Accents are removed, and characters that a name must not contain become `_`; `instead` is used if nothing is left.
    """
    usable = name
    if name_problem(name):
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        usable = re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("_").lstrip("._+-")[:NAME_MAX] or instead
    number, base = 2, usable
    while usable in taken:
        usable = f"{base[: NAME_MAX - 6]}-{number}"
        number += 1
    return usable
