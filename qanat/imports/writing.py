"""Writing a run of another tool as one of qanat: its storage directory, and the content of its record."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from qanat.domain import redaction, times
from qanat.domain.experiment import PROJECT, UNKNOWN_PROGRAM, Program
from qanat.domain.intents import new_intent
from qanat.domain.layout import group_folder, is_inside
from qanat.domain.origin import Origin
from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, State, SubmissionFacts, lost
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid, reason
from qanat.git import lock, repository
from qanat.imports import values
from qanat.imports.remarks import NO_COMMIT, UNKNOWN_TIME, Remarks
from qanat.imports.stored import StoredGroup, StoredRun
from qanat.metrics_log import FILE as CURVES
from qanat.records import measured, numbers, run_codec, storage
from qanat.system import folders
from qanat.system.folders import Created
from qanat.usecases.launch import results_place
from qanat.usecases.project import Project
from qanat.usecases.results import place, remove
from qanat.usecases.tracking import manifests

# What started the jobs of an imported run: no runner of qanat.
RUNNER = "imported"
METRICS = "metrics.json"
FILES = "files"
FILES_BYTES_MAX = 4 * 2**30
PRINTED_BYTES_MAX = 256 * 2**20
# Of the curves of a group: about 300 MiB of text.
VALUES_MAX = 10_000_000
_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Written:
    """A run whose results are written, but not its record; `comment` is what goes beside that."""

    run: Run
    created: Created
    comment: str


@dataclass
class Writer:
    """Writes runs of a tool; what is not imported unchanged becomes a remark.

    With `with_files`, the files of the runs are copied, too. `imported` is the time of the import,
    `programs` are those of experiments.
    """

    project: Project
    tool: str
    source: str
    imported: str
    with_files: bool
    remarks: Remarks
    programs: Mapping[str, Program] = field(default_factory=dict)
    _codes: dict[str, Code] = field(default_factory=dict)

    def write(self, stored: StoredRun, experiment: str) -> Written:
        """Reserve a number and a directory for a run, and write what is kept in that.

        If that fails, nothing is left. Raises InputInvalid for what cannot be read, WriteFailed.
        """
        reserved = self._reserve(stored, experiment)
        try:
            run = self._run(stored, experiment, reserved.number, reserved.uid)
            run = self._clean(run, run_codec.to_mapping(run), stored)
            self._write_results(stored, run, reserved.created.path)
            for remark in stored.remarks():
                self.remarks.add(remark, stored.id)
            run = self._with_measured(run, reserved.created.path)
            run, notes = manifests.with_manifests(self.project, run, frozenset())
        except BaseException:
            remove.take_back(self.project, reserved.run_id, reserved.created)
            raise
        for note in notes:
            self.remarks.add(note)
        return Written(run, reserved.created, self._comment(stored))

    def look_at(self, stored: StoredRun, experiment: str) -> None:
        """Read what write() would, which adds the same remarks, but for those on files. Raises InputInvalid."""
        run = self._run(stored, experiment, 1, uid_of(self.tool, stored.id))
        self._clean(run, run_codec.to_mapping(run), stored)
        for kept in stored.groups:
            for _ in self._lines(kept, stored):
                pass
        for remark in stored.remarks():
            self.remarks.add(remark, stored.id)
        self._comment(stored)

    def take_back(self, written: Written) -> None:
        """Remove the directory of a run that gets no record."""
        remove.take_back(self.project, written.run.id, written.created)

    # ---- the record

    def _reserve(self, stored: StoredRun, experiment: str) -> _Reserved:
        project = self.project
        uid = uid_of(self.tool, stored.id)
        with lock.held(project.location) as held:
            number = numbers.peek(project.location.private, project.paths.runs)
            while (created := place.create_default(project, experiment, number)) is None:
                number += 1
            run_id = f"{number}-{uid}"
            try:
                place.note(project, run_id, experiment, created, chosen=False, launched=False)
                results_place.keep_out_of_git(held, project, place.default_folder(project, experiment, number))
                numbers.raise_to(project.location.private, number, project.sharing)
            except BaseException:
                remove.take_back(project, run_id, created)
                raise
        return _Reserved(number, uid, created)

    def _run(self, stored: StoredRun, experiment: str, number: int, uid: str) -> Run:
        groups = tuple(self._group(place, group, stored) for place, group in enumerate(stored.groups))
        known = [time for group in groups for time in (group.started, group.ended) if time]
        if not known:
            self.remarks.add("its times are unknown; 1970 stands in for its launch", stored.id)
        folder = place.default_folder(self.project, experiment, number)
        args = [group.args for group in groups]
        return Run(
            number=number,
            uid=uid,
            experiment=experiment,
            description=values.text(stored.description),
            tags=values.tags(stored.tags),
            created=min(known, default=UNKNOWN_TIME),
            author=values.text(stored.author),
            host=values.text(stored.groups[0].host),
            code=self._code(stored),
            command=self._command(stored, experiment),
            datasets={},
            requested=_requested(args),
            runner=RunnerChoice(RUNNER),
            storage=self.project.paths.relative(results_place.recorded(self.project, folder)),
            submission=SubmissionFacts(new_intent(f"{number}-{uid}")),
            groups=groups,
            origin=Origin(
                self.tool, self.source, values.text(stored.id), self.imported, values.text(stored.parent) or None
            ),
        )

    def _command(self, stored: StoredRun, experiment: str) -> tuple[str, ...]:
        """Return what started a run, as its experiment starts it if that has the same program."""
        program = values.text(stored.program) or UNKNOWN_PROGRAM
        defined = self.programs.get(experiment)
        if defined and defined.executable == program:
            with contextlib.suppress(InputInvalid):
                return defined.command_line()
        return (program,)

    def _group(self, number: int, stored: StoredGroup, run: StoredRun) -> Group:
        args, remarks = values.arguments(stored.parameters) if stored.args is None else (stored.args, [])
        for remark in remarks:
            self.remarks.add(remark, run.id)
        started, ended = (None if time is None else times.from_epoch(time) for time in (stored.started, stored.ended))
        if started and ended and ended < started:
            self.remarks.add("it ended before it started, so its end is left out", run.id)
            ended = None
        group = Group(number, args, started=started, ended=ended, host=values.text(stored.host) or None)
        if stored.state is None:
            return lost(group, f"{self.tool} has no end of it")
        failed = stored.state is not State.FINISHED
        why = values.text(stored.reason) or f"{self.tool} recorded it as {stored.state.value}"
        return replace(group, state=stored.state, exit_code=stored.exit_code, reason=why if failed else "")

    def _code(self, stored: StoredRun) -> Code:
        commit = stored.commit
        if commit not in self._codes:
            known = None
            if commit:
                known = repository.commit_and_code(repository.open_repository(self.project.location), commit)
            self._codes[commit] = Code(*(known or (commit or NO_COMMIT, NO_COMMIT)), branch=None, workdir=PROJECT)
        code = self._codes[commit]
        if not commit:
            self.remarks.add("no commit is known", stored.id)
        elif code.tree == NO_COMMIT:
            self.remarks.add("its commit is not in this repository, so it cannot be run again", stored.id)
        return code

    def _comment(self, stored: StoredRun) -> str:
        text = values.text(stored.notes, values.NOTES_MAX).strip()
        comment: str = self._clean(text, {"comment": text}, stored)
        return comment

    def _clean(self, value: Any, content: Mapping[str, Any], stored: StoredRun) -> Any:
        clean = redaction.without(value, redaction.secrets_in([content]))
        if clean is not value:
            self.remarks.add(f"what looks like a secret became {redaction.REDACTED}", stored.id)
        return clean

    # ---- the directory

    def _write_results(self, stored: StoredRun, run: Run, folder: Path) -> None:
        sharing, count = self.project.sharing, len(run.groups)
        commands = [[*run.command, *group.args] for group in run.groups]
        info = storage.info(run, self.project.storage_of(run), commands, self.project.root)
        folders.write(folder / storage.INFO, info, sharing=sharing)
        for group, kept in zip(run.groups, stored.groups, strict=True):
            inner = group_folder(folder, group.number, count)
            if count > 1:
                about = storage.group_info(commands[group.number], group.args)
                folders.write(inner / storage.GROUP_INFO, about, sharing=sharing)
            self._write_numbers(kept, inner, stored)
            if kept.printed:
                self._copy(kept.printed, inner / "stdout.txt", PRINTED_BYTES_MAX, stored)
            if self.with_files:
                self._copy_files(kept, inner, stored)

    def _write_numbers(self, kept: StoredGroup, folder: Path, stored: StoredRun) -> None:
        found = {values.measured(name): value for name, value in kept.metrics.items()}
        found.pop("", None)
        if found:
            data = json.dumps(found, indent=1).encode()
            folders.write(folder / METRICS, data, sharing=self.project.sharing)
        for block in _blocks(self._lines(kept, stored)):
            self._append(folder / CURVES, block)

    def _lines(self, kept: StoredGroup, stored: StoredRun) -> Iterator[bytes]:
        """Yield the lines of the file of curves."""
        left = VALUES_MAX
        for row in kept.curves():
            left -= len(row.values)
            if left < 0:
                self.remarks.add(f"has more than {VALUES_MAX:,} values of curves; the rest is left out", stored.id)
                return
            yield f"{json.dumps({values.STEP: row.step, **row.values})}\n".encode()

    def _copy_files(self, kept: StoredGroup, folder: Path, stored: StoredRun) -> None:
        left = FILES_BYTES_MAX
        for file in kept.files():
            if not is_inside(file.path):
                self.remarks.add(f"file {quoted(file.path)} is left out: it is not inside the run's folder", stored.id)
            elif (file.bytes or 0) > left:
                self.remarks.add(f"files beyond {FILES_BYTES_MAX // 2**30} GiB are left out", stored.id)
            else:
                left -= self._copy(file.open, folder / FILES / file.path, left, stored)

    def _copy(self, open_: Callable[[], BinaryIO], target: Path, limit: int, stored: StoredRun) -> int:
        """Copy a file as far as the limit; return how many bytes. One that cannot be read becomes a remark."""
        copied = 0
        try:
            with open_() as source:
                while data := source.read(min(_BLOCK_BYTES, limit - copied)):
                    self._append(target, data)
                    copied += len(data)
                    if copied == limit:
                        self.remarks.add(f"{target.name} is cut after {limit:,} bytes", stored.id)
                        break
                if not copied:
                    self._append(target, b"")
        except OSError as error:
            self.remarks.add(f"{target.name} cannot be read: {reason(error)}", stored.id)
        return copied

    def _append(self, target: Path, data: bytes) -> None:
        try:
            folders.create(target.parent, self.project.sharing)
        except OSError as error:
            raise InputInvalid(f"{target.parent}: {reason(error)}") from None
        folders.append(target, data, sharing=self.project.sharing)

    def _with_measured(self, run: Run, folder: Path) -> Run:
        changed = {}
        for group in run.groups:
            inner = group_folder(folder, group.number, len(run.groups))
            found, problems = measured.read_measured(inner, ())
            changed[group.number] = group.with_measured(found)
            for problem in problems:
                self.remarks.add(f"{problem.file} {problem.what}", run.id)
        return run.with_groups(changed)


@dataclass(frozen=True, slots=True)
class _Reserved:
    """A number, the digits that make it unique, and the directory."""

    number: int
    uid: str
    created: Created

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return f"{self.number}-{self.uid}"


def uid_of(tool: str, stored_id: str) -> str:
    """Return the digits that follow the number of an imported run: always the same, so that a deleted one is known."""
    return hashlib.sha256(f"{tool}\0{stored_id}".encode("utf-8", "replace")).hexdigest()[:6]


def _requested(args: list[tuple[str, ...]]) -> RequestedParameters:
    if len(args) == 1:
        return RequestedParameters(args[0])
    return RequestedParameters(groups=tuple(shlex.join(words) for words in args))


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines in larger pieces."""
    block, size = [], 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size > _BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
