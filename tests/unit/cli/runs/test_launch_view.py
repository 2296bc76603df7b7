"""What is shown of a submitted run while it is waited for."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from qanat.cli import session
from qanat.cli.runs.launch_view import TerminalView
from qanat.domain.run import Group, State
from tests.unit.records.example import RUN


def test_why_groups_wait_is_said_once_however_many_still_wait(capfd: pytest.CaptureFixture[str]) -> None:
    groups = [Group(number, (), State.QUEUED, reason="no slot can run it") for number in range(3)]
    with click.Context(click.Command("run"), obj=session.Session()), TerminalView(quiet=False) as view:
        for count in (3, 2, 1):
            started = [replace(group, state=State.RUNNING, reason="") for group in groups[count:]]
            view.seen(replace(RUN, groups=(*groups[:count], *started)), ())
        for when in ("14:20", "14:30"):
            reason = f"waiting for its turn, expected to start at {when}"
            view.seen(replace(RUN, groups=(replace(groups[0], reason=reason),)), ())
    notes = [line for line in capfd.readouterr().err.splitlines() if line.startswith("note: ")]
    in_turn = "note: run 4: queued: waiting for its turn, expected to start at 14:20"
    assert notes == ["note: run 4: queued: no slot can run it", in_turn]
