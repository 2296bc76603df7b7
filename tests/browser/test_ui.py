"""`qanat ui`: the page of a real server, which follows what happens in the project."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.test_report import add_runs, shown
from tests.support.report_runs import sweep
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def served(sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:
    """Start `qanat ui` in a project with three runs."""
    add_runs(sandbox, sweep(3))
    process = sandbox.start("ui", "--no-browser")
    yield process
    process.kill()
    process.communicate()


def test_the_page_follows_runs_until_ctrl_c(
    sandbox: Sandbox, served: subprocess.Popen[str], open_page: Callable[..., Any]
) -> None:
    assert served.stdout is not None
    said, address = served.stdout.readline().split(" at ")
    assert said == "3 runs"
    port = address.split(":")[2].split("/")[0]
    assert served.stdout.readline().startswith(f"From another machine: ssh -L {port}:127.0.0.1:{port} ")
    page = open_page(address.strip())
    assert shown(page) == ["3", "2", "1"]
    page.locator(".tick").first.click()
    in_use = sandbox.qanat("ui", "--no-browser", "--port", port, code=2)
    assert f"port {port} cannot be used: address already in use" in in_use.err
    sandbox.qanat("tag", "2", "add", "looked-at")
    page.get_by_text("looked-at").wait_for()
    assert shown(page) == ["3", "2", "1"]
    assert page.locator(".tick[aria-checked=true]").count() == 1
    page.close()
    served.send_signal(signal.SIGINT)
    assert served.wait(20) == 0
