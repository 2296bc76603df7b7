"""`qanat ui`."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qanat.cli import session
from qanat.cli.options import option, view_option, where_option
from qanat.cli.terminal.output import plural, say
from qanat.domain import condition
from qanat.domain.json_text import to_json
from qanat.errors import NotFound, QanatError, UsageError, reason
from qanat.usecases.project import open_project
from qanat.usecases.report.content import ReportRequest
from qanat.usecases.report.follow import Follower

if TYPE_CHECKING:
    from qanat.web.server import Server, Snapshot

EXAMPLE = """\b
Example:
  qanat ui
  qanat ui --experiment train --where 'date>=2026-11'
  qanat ui --port 8765 --no-browser

Only this machine can reach the page, and only with the random part of its address: see docs/report.md."""


@click.command(epilog=EXAMPLE)
@option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@where_option("Only runs that meet this condition, such as 'lr<0.01 and metric.acc>0.9'")
@view_option
@option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    default=0,
    help="Port to use; by default, any that is free.",
)
@option("--no-browser", is_flag=True, help="Do not open a browser.")
def ui(experiment: str | None, where: tuple[str, ...], view: str, port: int, no_browser: bool) -> None:
    """Show runs in a browser, as they are now, until Ctrl-C."""
    request = ReportRequest((), experiment, condition.parse_all(where), view)
    project = open_project(Path.cwd())
    follower = Follower(project, session.runners(), request)
    server = _served(port, follower, experiment or project.root.name)
    say(f"{plural(len(server.snapshot.runs), 'run')} at {server.address}")
    say(f"From another machine: ssh -L {server.port}:127.0.0.1:{server.port} {socket.gethostname()}")
    say("Ctrl-C ends it")
    if not no_browser:
        from qanat.cli.terminal.browser import open_browser  # not everywhere is one

        open_browser(server.address)
    try:
        _follow(server, follower)
    except KeyboardInterrupt:
        say()
    finally:
        server.stop()


def _served(port: int, follower: Follower, title: str) -> Server:
    from qanat.web.page import page
    from qanat.web.server import Server

    first = _snapshot(follower.look())
    try:
        return Server(
            port, lambda data, number: page(data, title, live=number), follower.log, first, _figures(follower)
        )
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {reason(error)}", hint="leave out --port to use any") from None


def _figures(follower: Follower) -> Callable[[str], tuple[str, bytes] | None]:
    """Return what reads a figure that the last look found."""

    def read(image: str) -> tuple[str, bytes] | None:
        try:
            return follower.figures.read(image)
        except NotFound:
            return None

    return read


def _follow(server: Server, follower: Follower) -> None:
    """Publish what changes, or why that is not known; while no page is open, look at nothing."""
    while True:
        server.wait_for_page()
        try:
            # No content is kept here: what is shown is in the server.
            if (content := follower.news()) and not _is_shown(now := _snapshot(content), server, follower):
                server.publish(now)
        except QanatError as error:
            server.publish(replace(server.snapshot, problem=error.message))
        content = None
        time.sleep(follower.pause_s)


def _is_shown(now: Snapshot, server: Server, follower: Follower) -> bool:
    """Return whether a page would look the same; while runs are active, the time matters."""
    return not follower.is_active and now.is_like(server.snapshot)


def _snapshot(content: dict[str, Any]) -> Snapshot:
    from qanat.web.server import Snapshot

    head = {key: value for key, value in content.items() if key != "runs"}
    return Snapshot(head, {run["id"]: to_json(run) for run in content["runs"]})
