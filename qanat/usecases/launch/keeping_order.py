"""Looking at runs again and again, as long as some wait for others, so that nobody else needs to."""

from __future__ import annotations

import contextlib

from qanat.errors import QanatError
from qanat.records import orders
from qanat.runners.protocol import Runners
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project

POLL_S = 2.0
POLL_MAX_S = 20.0


def keep_until_done(project: Project, runners: Runners) -> None:
    """Release or cancel runs that wait, until there are none; return at once if another process does so already.

    After its last look, this process looks once more, in case a run was noted while another one gave up.
    """
    private, root = project.location.private, str(project.root)
    while orders.all_waiting(private, root):
        with orders.attended(private) as is_ours:
            if not is_ours:
                return
            _look_until_done(project, runners)


def _look_until_done(project: Project, runners: Runners) -> None:
    pause_s, before = POLL_S, 0
    while waiting := len(orders.all_waiting(project.location.private, str(project.root))):
        with contextlib.suppress(QanatError), refreshed(project, runners):
            pass
        # What was released may end soon, and others wait for it.
        pause_s = POLL_S if waiting != before else min(pause_s * 1.2, POLL_MAX_S)
        before = waiting
        project.clock.sleep(pause_s)
