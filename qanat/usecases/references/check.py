"""Checking the references in texts, and writing what they should say."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from qanat.domain import figures
from qanat.domain.export_note import NOTE, CopiedFile, note_from
from qanat.domain.findings import Finding
from qanat.domain.latex_references import Written, read_values, values_text
from qanat.domain.layout import is_for_results
from qanat.domain.long_work import tracked
from qanat.domain.markdown_references import table_text, with_pin
from qanat.domain.reference import Kind, OfRun, Reference
from qanat.domain.references import LATEX, language_of, references_in
from qanat.domain.shortening import quoted, shortened
from qanat.domain.text_lines import FileText, file_text
from qanat.errors import InputInvalid, WriteFailed
from qanat.records import yaml_io
from qanat.system import below
from qanat.usecases.project import Project
from qanat.usecases.references.code_blocks import code_in
from qanat.usecases.references.judging import SHOWN_MAX, Judge, Judged, Problem, Verdict
from qanat.usecases.references.sources import Sources, TextFile, WorkingTree

# What may be replaced by a file of a run.
FIGURES = tuple(f".{suffix}" for suffix in (*figures.TYPES, "pdf", "eps", "ps", "tif", "tiff"))


@dataclass(slots=True)
class Checked:
    """What was found in texts: each reference, and by path the bytes that files have and should have.

    A file that should be created has no bytes. `texts` counts the texts with references.
    """

    judged: list[Judged] = field(default_factory=list)
    changes: dict[str, tuple[bytes | None, bytes]] = field(default_factory=dict)
    texts: int = 0

    @property
    def choose(self) -> bool:
        """Whether there are references whose runs a condition chooses."""
        return any(one.chooses for one in self.judged)

    @property
    def wrong(self) -> list[Judged]:
        """What something must be done about."""
        return [one for one in self.judged if one.is_wrong]


@dataclass(slots=True)
class _Values:
    """A file of values: what it had, what it should have, and whether other texts may use it.

    `text` is what `data` say, with line ends as qanat writes them.
    """

    data: bytes | None
    text: str
    before: Mapping[str, Written]
    after: dict[str, Written] = field(default_factory=dict)
    keeps_others: bool = False


def check(sources: Sources, judge: Judge, texts: Iterable[TextFile]) -> Checked:
    """Check the references in texts; what belongs to these is in `sources`."""
    return _Check(sources, judge).check(texts)


class _Check:
    """One check of several texts, some of which may have their values in the same file."""

    def __init__(self, sources: Sources, judge: Judge) -> None:
        self._sources, self._judge = sources, judge
        self._checked = Checked()
        self._values: dict[str, _Values] = {}

    def check(self, texts: Iterable[TextFile]) -> Checked:
        """Check texts."""
        for text in texts:
            self._text(text)
        for path, values in self._values.items():
            others = {key: one for key, one in values.before.items() if values.keeps_others}
            after = {**others, **values.after}
            right = values_text(after)
            if right != values.text and (after or values.text):
                self._checked.changes[path] = values.data, right.encode()
            if values.text:
                self._damage(path, values)
        return self._checked

    def _damage(self, path: str, values: _Values) -> None:
        """Note a file of values with something else in it, as after a conflict, which LaTeX would read."""
        lines, right = values.text.split("\n"), values_text(values.before).split("\n")
        for line, (one, other) in enumerate(zip_longest(lines, right, fillvalue=""), 1):
            if one != other:
                said = quoted(shortened(one or other, SHOWN_MAX))
                how = f"has a line that qanat has not written: {said}" if one else f"lacks a line: {said}"
                problem = Problem(Verdict.DIFFERS, f"{posixpath.basename(path)} {how}")
                self._checked.judged.append(Judged(path, line, 1, "", "", [problem], value=""))
                return

    def _text(self, text: TextFile) -> None:
        try:
            source = file_text(text.data)
        except InputInvalid as error:
            self._checked.texts += 1
            self._add(text, 1, 1, "", "", [Problem(Verdict.BROKEN, error.message, error.hint)])
            return
        language = language_of(text.path)
        found = references_in(source.text, language, code_in(text.path, source.text))
        self._checked.texts += bool(found.references or found.broken)
        for one in found.broken:
            self._add(text, one.line, one.column, "", "", [Problem(Verdict.BROKEN, one.problem, one.hint)])
        references = tracked(found.references, "references checked")
        if language == LATEX:
            self._in_latex(text, references, is_broken=bool(found.broken))
        else:
            self._in_markdown(text, source, references)
        self._checked.judged.sort(key=lambda one: (one.file, one.line, one.column))

    def _add(
        self, text: TextFile, line: int, column: int, spelled: str, kind: str, problems: list[Problem] | None = None
    ) -> Judged:
        judged = Judged(text.path, line, column, spelled, kind, problems or [])
        self._checked.judged.append(judged)
        return judged

    def _of(self, text: TextFile, reference: Reference) -> Judged:
        judged = self._add(text, reference.line, reference.column, reference.spelled, reference.kind.value)
        judged.chooses = not isinstance(reference.target, OfRun)
        return judged

    # ---- Markdown

    def _in_markdown(self, text: TextFile, source: FileText, references: Iterable[Reference]) -> None:
        """Judge references, and note the text as it should be."""
        parts: list[str] = []
        done = 0
        for reference in references:
            judged, pin = self._of(text, reference), reference.pinned
            shown = reference.shown
            if reference.kind is Kind.FIGURE:
                self._figure(text, reference, judged, pin)
            else:
                self._judge.value(judged, reference, "markdown", now=shown, pin=pin, place="the text")
            verdicts = {problem.verdict for problem in judged.problems}
            if Verdict.DIFFERS in verdicts and judged.value is not None and reference.kind is not Kind.FIGURE:
                is_table = reference.kind in (Kind.RUNS, Kind.COMPARE)
                shown = table_text(judged.value, source.newline) if is_table else judged.value
                if not self._can_be_written(source, shown, judged):
                    shown = reference.shown
            first, last = reference.at_pin
            noted = source.text[first:last]
            if reference.chooses and judged.pin is not None and judged.pin != pin:
                noted = with_pin(judged.pin)
            parts += [source.text[done:first], noted, source.text[last : reference.start], shown]
            done = reference.end
        after = "".join([*parts, source.text[done:]])
        if after != source.text:
            self._checked.changes[text.path] = text.data, source.encoded(after)

    @staticmethod
    def _can_be_written(source: FileText, value: str, judged: Judged) -> bool:
        try:
            source.encoded(value)
        except InputInvalid as error:
            judged.add(Verdict.UNKNOWN, f"{judged.spelled}: {error.message}", error.hint)
            return False
        return True

    # ---- LaTeX

    def _in_latex(self, text: TextFile, references: Iterable[Reference], *, is_broken: bool) -> None:
        """Judge references, and note what their values should be."""
        for reference in references:
            values = self._values_in(text)
            # What a broken reference stands for is kept, until it is known what that is.
            values.keeps_others |= is_broken or not text.whole
            judged, before = self._of(text, reference), values.before.get(reference.key)
            pin = before.pin if before else ""
            if reference.kind is Kind.FIGURE:
                self._figure(text, reference, judged, pin)
            else:
                now, place = before.text if before else None, posixpath.basename(text.values)
                self._judge.value(judged, reference, LATEX, now=now, pin=pin, place=place)
            if judged.value is None or judged.pin is None:
                after = before
            elif reference.kind is Kind.FIGURE:
                after = Written(judged.pin, reference.file)
            else:
                # A comment at its end would hide the brace after it.
                after = Written(judged.pin, f"{judged.value}\n" if "\n" in judged.value else judged.value)
            if after is not None:
                values.after[reference.key] = after

    def _values_in(self, text: TextFile) -> _Values:
        if text.values not in self._values:
            data = self._sources.read(text.values)
            before = (data or b"").decode("utf-8", "replace").replace("\r\n", "\n")
            self._values[text.values] = _Values(data, before, read_values(before))
        return self._values[text.values]

    # ---- figures

    def _figure(self, text: TextFile, reference: Reference, judged: Judged, pin: str) -> None:
        """Judge a figure, and note the file if it should be another."""
        folders = dict.fromkeys([text.folder, posixpath.dirname(text.values) if text.values else text.folder])
        paths = [posixpath.normpath(posixpath.join(folder, reference.file)) for folder in folders]
        inside = [path for path in paths if not path.startswith(("../", "/")) and path != ".."]
        if not inside:
            judged.add(Verdict.BROKEN, f"{reference.file} is not in the project", "name a file in the project")
            return
        # A stranger's text may name any file, which would be replaced.
        if not all(is_for_results(path) and path.lower().endswith(FIGURES) for path in inside):
            problem = f"{reference.file} is not the name of a figure"
            judged.add(Verdict.BROKEN, problem, f"its suffix may be {', '.join(FIGURES)}")
            return
        there = {path: data for path in inside if (data := self._sources.read(path)) is not None}
        path, data = next(iter(there.items()), (inside[-1], None))
        digest = None if data is None else hashlib.sha256(data).hexdigest()
        copied = self._copied(path) if data is not None else None
        found = self._judge.figure(judged, reference, pin=pin, digest=digest, copied=copied)
        if found and found.data is not None and found.sha256 != digest:
            self._checked.changes[path] = data, found.data

    def _copied(self, path: str) -> CopiedFile | None:
        """Return what the note beside a file says of it, if it was copied for a document."""
        folder = posixpath.dirname(path)
        while folder:
            if data := self._sources.read(f"{folder}/{NOTE}"):
                try:
                    note = note_from(yaml_io.load(data, NOTE, own=True))
                except InputInvalid:
                    return None
                own = path.removeprefix(f"{folder}/")
                return next((file for file in note.files if file.file == own), None) if note else None
            folder = posixpath.dirname(folder)
        return None


def write(project: Project, checked: Checked) -> list[str]:
    """Write what texts should say, each file in one step and with its permissions, and return the paths.

    Raises WriteFailed, also if a file was changed since it was read.
    """
    for path, (before, after) in checked.changes.items():
        if WorkingTree(project).read(path) != before:
            raise WriteFailed(f"{path} was changed meanwhile", hint="try again")
        below.write(project.root, path, after, sharing=_kept(project, path) if before is not None else project.sharing)
    return list(checked.changes)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The permissions that a file has, for the one that replaces it."""

    bits: int

    def mode(self, before: int) -> int:
        """Return the permissions."""
        return self.bits


def _kept(project: Project, path: str) -> _Kept:
    return _Kept(stat.S_IMODE(os.lstat(project.root / path).st_mode))


def findings(checked: Checked, rule: str) -> list[Finding]:
    """Return what is wrong as a hook reports it."""
    return [
        Finding(one.file, one.line, rule, problem.sentence, problem.hint)
        for one in checked.wrong
        for problem in one.problems
        if problem.verdict.is_wrong
    ]
