"""Copying files of runs into the folder of a document, after the action that makes them, with a note on their runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qanat.domain.document import Dependency, Document
from qanat.domain.export_note import FLOW, NOTE, CopiedFile, Note, Source, UsedAction
from qanat.domain.long_work import tracked
from qanat.errors import QanatError, UsageError
from qanat.records import yaml_io
from qanat.runners.protocol import Runners
from qanat.system.rebuilding import Rebuilt, rebuilding
from qanat.usecases.documents import exported, units
from qanat.usecases.documents.exported import Exported
from qanat.usecases.documents.look import Member
from qanat.usecases.documents.units import Unit
from qanat.usecases.project import Project
from qanat.usecases.runs.action import ActionPlan, plan_action, run_action
from qanat.usecases.tracking.find import Found


class ActionFailed(QanatError):
    """An action of an experiment failed, so that no files were copied."""


# Called before an action is run on a directory.
Begins = Callable[[ActionPlan], object]


@dataclass
class Copying:
    """The files of one dependency on their way into its folder."""

    project: Project
    runners: Runners
    document: Document
    dependency: Dependency
    begins: Begins
    action: UsedAction | None = field(init=False)

    def __post_init__(self) -> None:
        self.action = exported.action_now(self.project, self.dependency)

    def copy(self, members: Sequence[Member], before: Exported) -> Note:
        """Run the action where it is needed, and replace the folder with the files of these groups.

        Raises ActionFailed, InputInvalid for a pattern that matches nothing, WriteFailed.
        """
        runs = units.runs_of(self.project, self.runners, members)
        found = units.units_of(self.dependency, members, runs)
        sources = tuple(self._source(member, runs) for member in members)
        for number, unit in enumerate(found):
            if self.action and not self._is_made(unit, sources if self.dependency.whole else [sources[number]], before):
                self._run_action(unit)
        files: list[CopiedFile] = []
        folder = self.document.folder_of(self.dependency)
        with rebuilding(self.project.root, folder, self.project.sharing) as new:
            for unit in tracked(found, "directories copied"):
                files += self._copied(new, unit)
            note = self._note(sources, files)
            new.write(NOTE, yaml_io.dump(note.as_mapping(), flow=FLOW))
        return note

    def _note(self, sources: tuple[Source, ...], files: Sequence[CopiedFile]) -> Note:
        one = self.dependency
        return Note(
            self.document.name, one.name, one.experiment, sources, tuple(files), self.action, one.files, one.whole
        )

    def _source(self, member: Member, runs: dict[str, Found]) -> Source:
        run = runs[member.run].run
        group = run.groups[member.group]
        return Source(run.id, group.number, run.code.commit, group.key, group.ended, group.args)

    def _is_made(self, unit: Unit, sources: Sequence[Source], before: Exported) -> bool:
        """Return whether the action has been run on a directory as it is, as the note says, and its files are there."""
        note = before.note
        if note is None or note.action != self.action or not set(sources) <= set(note.groups):
            return False
        made = {file.source: file.sha256 for file in note.files if (file.run, file.group) == self._of(unit)}
        if note.patterns != self.dependency.files or not made:
            return False
        with self._files(unit) as found:
            now = {path: exported.hash_of(file) for path, file in found}
        return now == made

    def _of(self, unit: Unit) -> tuple[str, int | None]:
        return unit.found.run.id, unit.group

    def _run_action(self, unit: Unit) -> None:
        one = self.dependency
        experiment = self.project.experiment(one.experiment)
        plan = plan_action(self.project, experiment, one.action or "", unit.found, unit.group, one.action_arguments)
        self.begins(plan)
        if code := run_action(self.project, plan):
            raise ActionFailed(
                f"action {one.action} failed with exit code {code} on {unit.described}: {shlex.join(plan.command)}",
                hint="nothing was copied; correct the action, and compile again",
            )

    def _files(self, unit: Unit) -> units.Files:
        return units.files_of(unit, self.dependency.files, self.runners.generated_files(unit.found.run.runner.name))

    def _copied(self, new: Rebuilt, unit: Unit) -> list[CopiedFile]:
        copied: list[CopiedFile] = []
        if not self.dependency.files:
            return copied
        with self._files(unit) as found:
            for path, file in found:
                if path.encode(errors="ignore").decode() != path:
                    continue
                size, sha256 = new.copy(f"{unit.place}{path}", file)
                run, group = self._of(unit)
                copied.append(CopiedFile(f"{unit.place}{path}", run, group, path, size, sha256))
        units.check_matches(unit, self.dependency.files, [file.source for file in copied])
        return sorted(copied, key=lambda file: file.file)


def check_replaceable(document: Document, dependency: Dependency, before: Exported) -> None:
    """Raise UsageError if the folder of a dependency has something that would be lost: others' files, or edits."""
    folder = document.folder_of(dependency)
    if before.note and before.note.document != document.name:
        raise UsageError(
            f"{folder} has files of document {before.note.document}",
            hint=f"choose another folder with: qanat document update {document.name} --exports FOLDER, "
            "or use --overwrite",
        )
    if before.foreign:
        raise UsageError(
            f"{folder}/{before.foreign[0]} was not copied there by qanat, and the folder is replaced as a whole",
            hint=f"move it out of {folder}, or use --overwrite to lose it",
        )
    if before.edited:
        raise UsageError(
            f"{folder}/{before.edited[0]} was edited since it was copied",
            hint="keep your copy elsewhere, or use --overwrite to replace it with what the run left",
        )
