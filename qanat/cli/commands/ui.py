"""`qanat ui`."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qanat.cli import session
from qanat.cli.options import option, where_option
from qanat.cli.terminal.output import plural, say
from qanat.domain import condition
from qanat.domain.json_text import to_json
from qanat.errors import UsageError, reason
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
WAIT_S = 0.2


@click.command(epilog=EXAMPLE)
@option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@where_option("Only runs that meet this condition, such as 'lr<0.01 and metric.acc>0.9'")
@option("--port", type=click.IntRange(0, 65_535), default=0, help="Port to use; by default, any that is free.")
@option("--no-browser", is_flag=True, help="Do not open a browser.")
def ui(experiment: str | None, where: tuple[str, ...], port: int, no_browser: bool) -> None:
    """Show runs in a browser, as they are now, until Ctrl-C."""
    request = ReportRequest((), experiment, condition.parse_all(where))
    project = open_project(Path.cwd())
    follower = Follower(project, session.runners(), request)
    content = follower.look()
    server = _served(port, content, experiment or content["project"])
    say(f"{plural(len(content['runs']), 'run')} at {server.address}")
    say(f"From another machine: ssh -L {server.port}:127.0.0.1:{server.port} {socket.gethostname()}")
    say("Ctrl-C ends it")
    if not no_browser:
        from qanat.cli.terminal.browser import open_browser  # not everywhere is one

        open_browser(server.address)
    try:
        _follow(server, follower, content)
    except KeyboardInterrupt:
        say()
    finally:
        server.stop()


def _served(port: int, content: dict[str, Any], title: str) -> Server:
    from qanat.web.page import page
    from qanat.web.server import Server

    try:
        return Server(port, lambda data, number: page(data, title, live=number), _snapshot(content))
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {reason(error)}", hint="leave out --port to use any") from None


def _follow(server: Server, follower: Follower, content: dict[str, Any]) -> None:
    """Publish what changes; while no page is open, look at nothing."""
    while True:
        time.sleep(WAIT_S)
        if not server.streams:
            continue
        now = follower.look_or_say()
        if now is not content:
            content = now
            server.publish(_snapshot(now))
        time.sleep(follower.pause_s)


def _snapshot(content: dict[str, Any]) -> Snapshot:
    from qanat.web.server import Snapshot

    head = {key: value for key, value in content.items() if key != "runs"}
    return Snapshot(head, {run["id"]: to_json(run) for run in content["runs"]})
