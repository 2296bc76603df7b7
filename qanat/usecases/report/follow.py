"""Looking at runs again and again for a page that is open, as seldom as possible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qanat.errors import NotFound
from qanat.runners.protocol import Runners
from qanat.system import files
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.report.figures import Figures
from qanat.usecases.report.log_tail import log_tail
from qanat.usecases.report.watch import Watch
from qanat.usecases.runs import listing

# While runs are active; and while none is, at first and after a while in which nothing has changed.
ACTIVE_S = 2.0
IDLE_S, IDLE_MOST_S, SLOWER = 1.0, 5.0, 1.25
# Of the time, at most this part is spent on looking.
SHARE = 0.2


@dataclass(slots=True)
class Follower:
    """Makes the content of a page, again only if something may have changed since.

    `pause_s` is how long to wait before the next look, and `figures` reads those that the last one found.
    """

    project: Project
    runners: Runners
    request: ReportRequest
    clock: Callable[[], float] = time.monotonic
    pause_s: float = IDLE_S
    is_active: bool = False
    figures: Figures = field(init=False)
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = Watch(self.project, self.clock)
        self.figures = Figures(self.project)

    def look(self) -> dict[str, Any]:
        """Return the content as it is now. Raises QanatError."""
        self._watch.has_changed()  # before the look, so that what changes meanwhile is seen the next time
        return self._look()

    def news(self) -> dict[str, Any] | None:
        """Return the content if runs are active or something has changed since the last look. Raises QanatError."""
        if self._watch.has_changed() or self.is_active:
            return self._look()
        self.pause_s = min(IDLE_MOST_S, self.pause_s * SLOWER)
        return None

    def log(self, run: str, group: int, stream: str) -> Iterator[dict[str, Any] | None]:
        """Yield what a group prints; see log_tail()."""
        return log_tail(self.project, run, group, stream)

    def _look(self) -> dict[str, Any]:
        began = self.clock()
        # After an error, another look will show whether it is still there.
        self.is_active, self.pause_s = True, IDLE_MOST_S
        needed = self.project.root / ".qanat", self.project.location.git_dir
        if not all(map(files.is_folder, needed)):  # nothing is created where a project was
            raise NotFound(f"{self.project.root} is no longer a project")
        with refreshed(self.project, self.runners) as (index, result):
            figures = Figures(self.project)
            content = content_of(self.project, index, result, self.request, figures)
            self.figures = figures
            unreadable = listing.shortened(index.unreadable(self.request.experiment))
        content["notes"] = [*result.notes, *unreadable, *content["notes"]]
        self.is_active = bool(result.live)
        self.pause_s = max(ACTIVE_S if self.is_active else IDLE_S, (self.clock() - began) / SHARE)
        return content
