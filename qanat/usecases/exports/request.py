"""What is asked of an export, and what came of it, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qanat.domain.condition import EVERY, Condition

NOTES_MAX = 50
MORE_NOTES = "there is more to note; export fewer runs to see it"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which runs, by number or id and of an experiment, that meet a condition; and in which format.

    `output` is the file or folder to write. Of the results, those whose paths in the directory of a group match one of
    `files` are taken; without patterns, those that the runs have recorded. `license` is an SPDX identifier or an
    address. `mlflow_experiment` is the experiment in MLflow, empty for that of the runs.
    """

    format: str
    runs: Sequence[str] = ()
    experiment: str | None = None
    condition: Condition = EVERY
    output: Path | None = None
    files: Sequence[str] = ()
    without_results: bool = False
    bundle: bool = False
    license: str = ""
    tracking_uri: str = ""
    mlflow_experiment: str = ""
    force: bool = False

    @property
    def names_runs(self) -> bool:
        """Whether it says which runs are meant."""
        return bool(self.runs) or self.experiment is not None or self.condition != EVERY


@dataclass(slots=True)
class Exported:
    """What was exported: where to, how many runs, groups and files with how many bytes, and what there is to note.

    `paths` are the files and folders that were written, `counts` has what only this format counts.
    """

    format: str
    target: str
    runs: int = 0
    groups: int = 0
    files: int = 0
    bytes: int = 0
    paths: list[Path] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_mapping(self) -> Mapping[str, Any]:
        """Return it as plain values."""
        return {
            "format": self.format,
            "target": self.target,
            "runs": self.runs,
            "groups": self.groups,
            "files": self.files,
            "bytes": self.bytes,
            **self.counts,
            "paths": [str(path) for path in self.paths],
            "notes": self.notes,
        }

    def note(self, sentence: str) -> None:
        """Add a note, once; of many, the first."""
        if sentence in self.notes:
            return
        if len(self.notes) < NOTES_MAX:
            self.notes.append(sentence)
        elif self.notes[-1] != MORE_NOTES:
            self.notes.append(MORE_NOTES)
