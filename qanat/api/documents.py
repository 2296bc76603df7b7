"""Documents of an open project, and references in texts, as Python objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from qanat.api.opened import Opened
from qanat.api.spelling import for_python, listed
from qanat.usecases.documents import compile, status
from qanat.usecases.documents.gathering import Starting
from qanat.usecases.documents.values import CheckRequest, check_texts, doubts
from qanat.usecases.references.judging import Judged
from qanat.usecases.references.texts import chosen_texts


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a reference: a verdict such as "differs" or "stale", a sentence, and what to do about it."""

    verdict: str
    problem: str
    hint: str
    is_wrong: bool


@dataclass(frozen=True, slots=True)
class CheckedReference:
    """A reference in a text: what the text says, what it should say, and the ids of the runs that this is from.

    `value` and `pinned` are None if they are not known, and `text` if there is none yet.
    """

    file: str
    line: int
    column: int
    reference: str
    kind: str
    text: str | None
    value: str | None
    pinned: str | None
    runs: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether something must be done about it."""
        return any(one.is_wrong for one in self.problems)


class CheckedReferences(Sequence[CheckedReference]):
    """The references in texts, and the paths of the files that were written."""

    def __init__(self, references: Sequence[CheckedReference], written: Sequence[str]) -> None:
        self._references, self.written = tuple(references), tuple(written)

    def __repr__(self) -> str:
        return f"<CheckedReferences: {len(self)}, {len(self.wrong)} wrong>"

    def __len__(self) -> int:
        return len(self._references)

    def __iter__(self) -> Iterator[CheckedReference]:
        return iter(self._references)

    @overload
    def __getitem__(self, index: int) -> CheckedReference: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[CheckedReference, ...]: ...

    def __getitem__(self, index: int | slice) -> CheckedReference | tuple[CheckedReference, ...]:
        return self._references[index]

    @property
    def wrong(self) -> list[CheckedReference]:
        """Those about which something must be done."""
        return [one for one in self if one.is_wrong]


@dataclass(frozen=True, slots=True)
class DependencyStatus:
    """What there is of a dependency: "fresh", "stale", "missing", "running" or "broken", and why it is not fresh.

    `to_run` is how many groups would be run, and `runs` are the ids of those that its copied files are from.
    """

    name: str
    experiment: str
    state: str
    reasons: tuple[str, ...]
    to_run: int
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """A document, what it needs, and the problems of its texts; `fresh` if all of that is as it would be built now."""

    name: str
    path: str
    output: str | None
    fresh: bool
    dependencies: tuple[DependencyStatus, ...]
    problems: tuple[str, ...]


class Documents:
    """The documents of a project, with the commands of `qanat document` that look at them."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __repr__(self) -> str:
        return f"<Documents: {', '.join(self.names) or 'none'}>"

    @property
    def names(self) -> list[str]:
        """Their names."""
        return self._opened.project.names("document")

    def status(self, name: str, *, ignore: Sequence[str] = ()) -> DocumentStatus:
        """Return whether what a document needs is fresh, like `qanat document status`.

        Raises NotFound, InputInvalid.
        """
        project, runners, ignored = self._opened.project, self._opened.runners, tuple(listed("ignore", ignore))
        with for_python():
            document = project.document(name)
            found = compile.looked_at(project, runners, document, compile.How(Starting(ignored=ignored)))
            problems = tuple(doubts(project, runners, [document], ignored)[0].problems)
        states = tuple(map(_status, found))
        fresh = not problems and all(one.state == "fresh" for one in states)
        return DocumentStatus(name, document.path, document.output, fresh, states, problems)

    def check(
        self,
        *names: str | Path,
        write: bool = False,
        repin: bool = False,
        ignore: Sequence[str] = (),
        no_fresh: bool = False,
    ) -> CheckedReferences:
        """Check the references in texts like `qanat document check`; the keywords are its options.

        `names` are those of documents, or files by their paths from the current directory; without any, the texts of
        all documents are checked. Warns of what the command would note. Raises UsageError, NotFound, InputInvalid, and
        WriteFailed.
        """
        project = self._opened.project
        with for_python():
            request = CheckRequest(tuple(listed("ignore", ignore)), write, repin, asks_fresh=not no_fresh)
            texts = chosen_texts(project, [str(name) for name in names], Path.cwd())
            checked = check_texts(project, self._opened.runners, texts, request)
        for note in checked.notes:
            warnings.warn(note, stacklevel=2)
        return CheckedReferences([_reference(one) for one in checked.found.judged], checked.written)


class HasDocuments:
    """What leads from a project to its documents."""

    _opened: Opened

    @property
    def documents(self) -> Documents:
        """Its documents, and the references in texts."""
        return Documents(self._opened)


def _status(one: status.DependencyStatus) -> DependencyStatus:
    needed = one.dependency
    return DependencyStatus(needed.name, needed.experiment, one.state, one.reasons, one.to_run, tuple(one.runs))


def _reference(one: Judged) -> CheckedReference:
    problems = (Problem(p.verdict.value, p.sentence, p.hint, p.verdict.is_wrong) for p in one.problems)
    return CheckedReference(
        one.file,
        one.line,
        one.column,
        one.spelled,
        one.kind,
        one.text,
        one.value,
        one.pin,
        one.runs,
        tuple(problems),
    )
