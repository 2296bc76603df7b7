"""The settings of a project, in `.qanat/config.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qanat.domain.keeping import Keep
from qanat.domain.time_limits import NONE

RESULT_DIR = "results"
# What untracked files mean for a run: those that may be its code or input are asked about, none stops it, or each does.
ASK, NOTE, REFUSE = "ask", "note", "refuse"
# Records are committed one by one, together after the user's next commit, or only when the user says so.
EACH, BATCH, MANUAL = "each", "batch", "manual"
# The keys that do not belong to a runner; one that does has templates by their names.
SETTINGS = frozenset(
    {"schema", "result_dir", "default_editor", "logging", "records", "untracked", "grace", "local", "keep"}
)


@dataclass(frozen=True, slots=True)
class Grace:
    """How many seconds to wait before acting on what a scheduler does not report.

    `file_s` is how long a shared file system may take to show a completion file once its job has ended, `submit_s` how
    long a scheduler may take to list the jobs of an interrupted submission, `unknown_s` how long a job may be unknown
    to a scheduler that answers before it counts as lost.
    """

    file_s: float = 15.0
    submit_s: float = 15.0
    unknown_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project, with defaults for those that its file does not have.

    `result_dir` is the folder for storage directories, from the project's root. `editor` is a command that may have
    arguments, empty if the project names none. `records` is EACH, BATCH or MANUAL, `untracked` ASK, NOTE or REFUSE.
    `time_limit` is how long a group of a local run may take (domain.time_limits). `keep` says of which runs
    `qanat gc` keeps the results. `templates` has the options of the templates in the settings, by runner and by name.
    """

    result_dir: str = RESULT_DIR
    editor: str = ""
    records: str = EACH
    untracked: str = ASK
    time_limit: str = NONE
    grace: Grace = field(default_factory=Grace)
    keep: Keep = field(default_factory=Keep)
    templates: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def records_are_manual(self) -> bool:
        """Whether records are committed only when the user says so."""
        return self.records == MANUAL

    @property
    def records_wait(self) -> bool:
        """Whether records wait for the user's next commit."""
        return self.records == BATCH


def template_sections(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the sections with templates in the settings' mapping, by runner; what is not a mapping is left out."""
    return {key: part for key, part in content.items() if key not in SETTINGS and isinstance(part, Mapping)}
