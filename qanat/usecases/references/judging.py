"""Judging references: whether what a text says is what its runs have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from qanat.domain.condition import Compared, all_of
from qanat.domain.export_note import CopiedFile
from qanat.domain.reference import Kind, OfBest, OfRows, OfRun, Reference
from qanat.domain.references import LATEX
from qanat.domain.search import FreshnessUnknown, asks_for_fresh
from qanat.domain.shortening import quoted, shortened
from qanat.errors import QanatError
from qanat.usecases.references.figures import Figure, figure_of
from qanat.usecases.references.known_runs import KnownRuns, RunGone
from qanat.usecases.references.tables import table_of
from qanat.usecases.references.values import Value, value_of

SHOWN_MAX = 60
WHERE_KNOWN = "where its runs were made: qanat document check --write"
NAMED_MAX = 3


class Verdict(StrEnum):
    """What is wrong with a reference."""

    BROKEN = "broken"
    UNKNOWN = "unknown"
    GONE = "gone"
    DIFFERS = "differs"
    UNPINNED = "unpinned"
    MOVED = "moved"
    ACTIVE = "active"
    EDITED = "edited"
    STALE = "stale"
    UNCHECKED = "unchecked"

    @property
    def is_wrong(self) -> bool:
        """Whether the text must be looked at; what could not be checked may be right."""
        return self is not Verdict.UNCHECKED


# What --write mends.
WRITTEN = frozenset({Verdict.DIFFERS, Verdict.UNPINNED})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, as a sentence, and what to do about it."""

    verdict: Verdict
    sentence: str
    hint: str = ""


Doubts = Callable[[str], Iterable[Problem]]


@dataclass(slots=True)
class Judged:
    """A reference, or something broken, in a file: what is wrong with it, and what the text should say.

    `value` and `pin` are None if that is not known, or is not to be written. `text` is what is there now. `chooses` is
    whether a condition decides which runs it is about.
    """

    file: str
    line: int
    column: int
    spelled: str
    kind: str
    problems: list[Problem] = field(default_factory=list)
    text: str | None = None
    value: str | None = None
    pin: str | None = None
    runs: tuple[str, ...] = ()
    chooses: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether something must be done about it."""
        return any(problem.verdict.is_wrong for problem in self.problems)

    @property
    def is_unchecked(self) -> bool:
        """Whether it is not known what the text should say."""
        return self.value is None and not self.is_wrong

    def add(self, verdict: Verdict, sentence: str, hint: str = "") -> None:
        """Add a problem."""
        self.problems.append(Problem(verdict, sentence, hint))


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges references; `doubts` says what is wrong with a run itself, by its id.

    With `repin`, conditions choose again, whatever is noted of what they chose.
    """

    known: KnownRuns
    doubts: Doubts
    repin: bool = False

    def value(
        self, judged: Judged, reference: Reference, language: str, *, now: str | None, pin: str, place: str
    ) -> None:
        """Judge a number or a table, of which the text says `now`, from the groups in `pin`.

        `place` is what says so, for messages.
        """
        judged.text = now
        is_table = reference.kind in (Kind.RUNS, Kind.COMPARE)
        noted = "" if self.repin else pin
        try:
            if is_table:
                found = table_of(self.known, reference, language)
            else:
                found = value_of(self.known, reference, language, noted)
        except QanatError as error:
            self._cannot(judged, reference, error, pin)
            return
        judged.runs = found.runs
        if self._is_another_run(judged, reference, found, noted):
            return
        judged.value, judged.pin = found.text, found.pin
        self._say_moved(judged, reference, found)
        if now is None or _plain(now) != _plain(found.text):
            judged.add(Verdict.DIFFERS, _difference(reference, now, found.text, place, is_table=is_table))
        elif found.pin != pin and (language == LATEX or reference.chooses):
            what = f"is pinned to {pin}, not to {found.pin}" if pin else "is not pinned yet"
            judged.add(Verdict.UNPINNED, f"{reference.spelled} {what}")
        if found.doubt:
            hint = "leave them out with the seed's name: mean(…, parameter.seed)"
            judged.add(Verdict.UNCHECKED, f"{reference.spelled}: {found.doubt}", hint)
        self._doubt(judged, reference)

    def figure(
        self, judged: Judged, reference: Reference, *, pin: str, digest: str | None, copied: CopiedFile | None = None
    ) -> Figure | None:
        """Judge a figure: `digest` is the SHA-256 of the file that the text shows, None if there is no such file.

        `copied` is the note on that file, if it was copied for a document. It counts where the results are missing.
        """
        judged.text, noted = digest, "" if self.repin else pin
        try:
            found = figure_of(self.known, reference, noted)
        except QanatError as error:
            self._cannot(judged, reference, error, pin)
            return None
        if not found.sha256 and copied and (copied.run, copied.source) == (found.runs[0], reference.target_name):
            found = replace(found, sha256=copied.sha256)
        judged.runs, judged.pin, judged.value = found.runs, found.pin, found.sha256 or None
        self._say_moved(judged, reference, found)
        if not found.sha256 and digest is not None:
            judged.add(Verdict.UNCHECKED, f"{reference.file} was not compared: {found.why}")
        elif digest is None or digest != found.sha256:
            what = "does not exist" if digest is None else f"is not the one of {reference.spelled}"
            judged.add(
                Verdict.DIFFERS, f"{reference.file} {what}", f"it cannot be copied: {found.why}" if found.why else ""
            )
        elif reference.chooses and found.pin != pin:
            judged.add(Verdict.UNPINNED, f"{reference.spelled} is not pinned yet")
        self._doubt(judged, reference)
        return found

    def _doubt(self, judged: Judged, reference: Reference) -> None:
        """Note what is wrong with the runs themselves; another run counts only once the reference means it."""
        for run in judged.runs:
            for problem in self.doubts(run):
                is_stale = problem.verdict is Verdict.STALE
                judged.problems.append(self._stale(reference, problem) if is_stale else problem)

    def _stale(self, reference: Reference, problem: Problem) -> Problem:
        """Return what is said of a stale run, and what is to be written instead."""
        if isinstance(reference.target, OfRun):
            return replace(problem, hint=f"{problem.hint}, and name the new run")
        condition = reference.target.condition
        if experiment := reference.options.get("experiment"):
            condition = all_of([condition, Compared("experiment", "=", experiment)])
        write = "" if asks_for_fresh(condition) else _with_fresh(reference)
        again = "--write --repin" if reference.chooses else "--write"
        if fresh := self.known.fresh_among(condition):
            more = f" and {len(fresh) - NAMED_MAX:,} more" if len(fresh) > NAMED_MAX else ""
            named = f"run{'s' if len(fresh) > 1 else ''} {', '.join(map(str, fresh[:NAMED_MAX]))}{more}"
            are = f"{named} {'are' if len(fresh) > 1 else 'is'} fresh"
            return replace(problem, hint=f"{are}: {f'{write}, then' if write else 'accept it'}: {again}")
        then = f"{write}, then" if write else "then"
        return replace(problem, hint=f"{problem.hint}, {then}: {again}")

    @staticmethod
    def _cannot(judged: Judged, reference: Reference, error: QanatError, pin: str) -> None:
        of = {RunGone: Verdict.GONE, FreshnessUnknown: Verdict.UNCHECKED}
        verdict = of.get(type(error), Verdict.UNKNOWN)
        if verdict is Verdict.UNCHECKED and reference.chooses and not pin:
            judged.add(Verdict.UNPINNED, f"{reference.spelled} is not pinned yet", WHERE_KNOWN)
            return
        if verdict is Verdict.UNCHECKED and not _plain(judged.text or ""):
            judged.add(Verdict.DIFFERS, f"{reference.spelled} has no value yet", WHERE_KNOWN)
            return
        hint = error.hint
        if not hint and not isinstance(reference.target, OfRun) and asks_for_fresh(reference.target.condition):
            hint = "run it as it is now: qanat rerun RUN --head"
        judged.add(verdict, f"{judged.spelled}: {error.message}", hint)

    def _is_another_run(self, judged: Judged, reference: Reference, found: Value, pin: str) -> bool:
        """Return whether a number means another run than when the text was written, and note that."""
        if not isinstance(reference.target, OfRun) or not pin or pin.partition(".")[0] in found.runs:
            return False
        before = pin.partition(".")[0]
        sentence = f"{reference.spelled} was of run {before}, and is now of {found.runs[0]}"
        judged.add(Verdict.MOVED, sentence, "use the full id, or accept it: --repin")
        return True

    def _say_moved(self, judged: Judged, reference: Reference, found: Value | Figure) -> None:
        if found.moved:
            sentence = f"{reference.spelled} is pinned to {found.pin}, and is now {found.moved}"
            judged.add(Verdict.MOVED, sentence, "accept it: --write --repin")


def _with_fresh(reference: Reference) -> str:
    """Return how a condition is written that chooses no stale runs."""
    if isinstance(reference.target, OfRows):
        return "add fresh to its conditions"
    return f"write {'best' if isinstance(reference.target, OfBest) else 'mean'}(…, fresh)"


def _plain(text: str) -> str:
    """Return what counts of a text: its lines, without those around it that are empty, and without spaces at ends."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _difference(reference: Reference, now: str | None, value: str, place: str, *, is_table: bool) -> str:
    """Return how a text differs from what it should say, as a sentence."""
    what = f"the table {quoted(reference.spelled)}" if is_table else reference.spelled
    if now is None:
        return f"{what} is not in {place} yet"
    if not is_table:
        said = shortened(now.strip(), SHOWN_MAX) or "nothing"
        return f"{what} is {shortened(value, SHOWN_MAX)}, and {place} says {said}"
    before, after = (_plain(text).splitlines() for text in (now, value))
    if not before:
        return f"{what} is empty"
    same = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    if same is None:
        return f"{what} has {len(before)} lines, and should have {len(after)}"
    return f"{what}: line {same + 1} should be {shortened(after[same], SHOWN_MAX)}"
