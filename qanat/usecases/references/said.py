"""What is said of references that are wrong: what is wrong with a run itself, once in each text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qanat.usecases.references.judging import Judged, Problem, Verdict

LINES_NAMED = 3
OF_RUNS = frozenset({Verdict.ACTIVE, Verdict.EDITED, Verdict.STALE})


@dataclass(slots=True)
class Said:
    """A problem, the first reference that has it, and the lines of all that do."""

    first: Judged
    problem: Problem
    lines: list[int] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The problem as a sentence, with how many references have it if these are several."""
        if len(self.lines) == 1:
            return self.problem.sentence
        lines = list(dict.fromkeys(self.lines))
        more = f" and {len(lines) - LINES_NAMED:,} more" if len(lines) > LINES_NAMED else ""
        on = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:LINES_NAMED]))}{more}"
        return f"{self.problem.sentence}; in {len(self.lines):,} references, on {on}"


def said(pairs: Iterable[tuple[Judged, Problem]], *, by_hint: bool = True) -> Sequence[Said]:
    """Return problems in their order; those of runs are joined, with `by_hint` only if the same is to be done."""
    found: dict[object, Said] = {}
    for one, problem in pairs:
        is_of_run = problem.verdict in OF_RUNS
        key: object = (one.file, problem.sentence, problem.hint if by_hint else "") if is_of_run else len(found)
        found.setdefault(key, Said(one, problem)).lines.append(one.line)
    return list(found.values())
