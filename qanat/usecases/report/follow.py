"""Looking at runs again and again for a page that is open, as seldom as possible."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qanat.errors import NotFound, QanatError
from qanat.runners.protocol import Runners
from qanat.system import files
from qanat.usecases.project import Project
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.runs import listing
from qanat.usecases.tracking.refresh import refreshed

# While runs are active, and while none is.
ACTIVE_S, IDLE_S = 2.0, 5.0
# Of the time, at most this part is spent on looking.
SHARE = 0.2


@dataclass(slots=True)
class Follower:
    """Makes the content of a page, again only if something may have changed since."""

    project: Project
    runners: Runners
    request: ReportRequest
    clock: Callable[[], float] = time.monotonic
    pause_s: float = IDLE_S
    _seen: Any = None
    _content: dict[str, Any] = field(default_factory=dict)

    def look(self) -> dict[str, Any]:
        """Return the content as it is now; the same object if nothing has changed. Raises QanatError."""
        began = self.clock()
        if not files.is_folder(self.project.root / ".qanat"):  # nothing is created where a project was
            raise NotFound(f"{self.project.root} is no longer a project")
        with refreshed(self.project, self.runners) as (index, result):
            notes = [*result.notes, *listing.shortened(index.unreadable(self.request.experiment))]
            seen = index.facts(experiment=self.request.experiment), notes
            if result.live or seen != self._seen:
                self._content = content_of(self.project, index, result, self.request)
                self._content["notes"] = [*notes, *self._content["notes"]]
                self._seen = None if result.live else seen
            usual = ACTIVE_S if result.live else IDLE_S
        self.pause_s = max(usual, (self.clock() - began) / SHARE)
        return self._content

    def look_or_say(self) -> dict[str, Any]:
        """Return the content as it is now, or the last one with a note why there is no later one."""
        try:
            return self.look()
        except QanatError as error:
            self._seen = None
            return {**self._content, "notes": [error.message, *self._content.get("notes", [])]}
