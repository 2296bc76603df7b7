"""`qanat ui`: the page of a real server, which follows what happens in the project."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from qanat.web.page import page as page_of
from qanat.web.server import Server, Snapshot
from tests.browser.test_report import add_runs, measured, shown
from tests.support.report_runs import sweep
from tests.support.sandbox import Sandbox, wait_until
from tests.support.shared_conditions import NOW

pytestmark = pytest.mark.xdist_group("browser")
# Prints a line to each stream, and goes on when it is told to.
PATIENT = """\
printf 'epoch 1\\n 10%%\\r 50%%\\r 90%%\\n\\033[31mred\\033[0m <script>alert(1)</script>\\n'
echo 'a warning' >&2
until test -e "$GO"; do sleep 0.05; done
echo 'epoch 2'
"""

# Writes a part of a curve, and the rest when it is told to.
GROWING = """\
printf '{"step": 0, "loss": 1}\\n{"step": 1, "loss": 0.5}\\n' >"$2/metrics.jsonl"
until test -e "$GO"; do sleep 0.05; done
printf '{"step": 2, "loss": 0.125}\\n' >>"$2/metrics.jsonl"
"""


@dataclass(frozen=True)
class Served:
    """A `qanat ui` that runs, and what it has printed."""

    process: subprocess.Popen[str]
    said: str
    address: str
    tunnel: str

    @property
    def port(self) -> int:
        """The port in the address."""
        return int(self.address.split(":")[2].split("/")[0])

    def asked(self, path: str, method: str = "GET", host: str = "") -> int:
        """Return the status of a request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers={"Host": host} if host else {})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def serve(sandbox: Sandbox) -> Iterator[Callable[..., Served]]:
    """Return a function that starts `qanat ui`."""
    started = []

    def start(*words: str) -> Served:
        process = sandbox.start("ui", "--no-browser", *words)
        started.append(process)
        assert process.stdout is not None
        said, address = process.stdout.readline().strip().split(" at ")
        return Served(process, said, address, process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_page_follows_runs_until_ctrl_c(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    add_runs(sandbox, sweep(3))
    served = serve()
    assert served.said == "3 runs"
    page = open_page(served.address)
    assert shown(page) == ["3", "2", "1"]
    page.locator(".tick").first.click()
    sandbox.qanat("tag", "2", "add", "looked-at")
    page.get_by_text("looked-at").wait_for()
    assert shown(page) == ["3", "2", "1"]
    assert page.locator(".tick[aria-checked=true]").count() == 1
    page.close()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0


def test_nobody_else_gets_the_page_and_a_second_ui_has_its_own(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    add_runs(sandbox, sweep(1))
    first = serve()
    assert first.tunnel == f"From another machine: ssh -L {first.port}:127.0.0.1:{first.port} {socket.gethostname()}"
    path = first.address.removeprefix(f"http://127.0.0.1:{first.port}")
    assert first.asked(path) == 200
    assert [first.asked(wrong) for wrong in ("/", "/wrong/", f"{path}x")] == [404] * 3
    assert first.asked(path, host=f"evil.example:{first.port}") == 421
    assert [first.asked(path, method) for method in ("POST", "PUT", "HEAD")] == [405] * 3
    in_use = sandbox.qanat("ui", "--no-browser", "--port", str(first.port), code=2)
    assert f"port {first.port} cannot be used: address already in use" in in_use.err
    assert "leave out --port to use any" in in_use.err
    second = serve()
    assert second.port != first.port
    assert second.asked(path) == 404
    pages = [open_page(served.address, outlives=True) for served in (first, second)]
    sandbox.qanat("comment", "1", "-m", "seen in both")
    for page in pages:
        page.locator(".row .link").click()
        page.get_by_text("seen in both").wait_for()
    for served in (first, second):
        served.process.send_signal(signal.SIGTERM if served is first else signal.SIGINT)
        served.process.wait(60)
    assert second.process.returncode == 0
    for page in pages:
        page.locator("header .silence", has_text="not live: qanat ui does not answer").wait_for()


def test_a_record_that_changes_breaks_or_goes_while_it_is_shown(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    add_runs(sandbox, sweep(3))
    served = serve()
    pages = [open_page(served.address, "#open=2-003dde"), open_page(served.address)]
    record = next((sandbox.root / ".qanat/runs/train/0").glob("2-*.yaml"))
    good = record.read_text()
    pages[0].get_by_role("heading", name="Run 2").wait_for()
    record.write_text("broken: [\n")
    for page in pages:
        page.locator("header .note", has_text=record.name).wait_for()
        assert shown(page) == ["3", "1"]
    assert pages[0].get_by_role("dialog").is_hidden()
    record.write_text(good)
    for page in pages:
        page.locator(".row .link", has_text="2").wait_for()
        assert page.locator("header .note").count() == 0
    sandbox.root.rename(sandbox.root.with_name("elsewhere"))
    for page in pages:
        page.locator("header .note", has_text="is no longer a project").wait_for()
        assert shown(page) == ["3", "2", "1"]
    assert not sandbox.root.exists()
    sandbox.root.with_name("elsewhere").rename(sandbox.root)
    for page in pages:
        page.locator("header .note").wait_for(state="detached")


def test_the_output_of_a_run_is_read_while_it_is_printed(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO", str(sandbox.root.parent / "go"))
    sandbox.experiment("train", PATIENT)
    sandbox.qanat("run", "train", "--detach", "--range-param", "--seed 1,2")
    served = serve()
    page = open_page(served.address, "#groups=no")
    page.locator(".row .state.running .progress").wait_for()
    assert page.locator(".row .state").inner_text().split() == ["running", "0/2"]
    page.locator(".row .link").click()
    log = page.locator(".log")
    page.locator(".log", has_text="epoch 1").wait_for()
    assert log.inner_text() == "epoch 1\n 90%\nred <script>alert(1)</script>\n"
    assert "--group 0" in page.locator(".log-choices + .note").inner_text()
    page.get_by_role("button", name="stderr").click()
    page.locator(".log", has_text="a warning").wait_for()
    page.get_by_role("button", name="stdout").click()
    page.locator(".log", has_text="epoch 1").select_text()
    selected = page.evaluate("getSelection().toString()")
    assert selected.startswith("epoch 1\n")
    (sandbox.root.parent / "go").touch()
    page.locator(".row .state.finished").wait_for()
    assert page.evaluate("getSelection().toString()") == selected
    page.evaluate("getSelection().removeAllRanges()")
    page.locator(".log", has_text="epoch 2").wait_for()
    page.locator("#drawer h2 .state.finished").wait_for()
    page.get_by_label("group").select_option("1")
    page.locator(".log-choices + .note", has_text="--group 1").wait_for()
    page.locator(".log", has_text="epoch 2").wait_for()


def test_the_output_opens_on_the_first_failed_group(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    sandbox.experiment("train", 'echo "wrong: $*" >&2\ncase "$*" in *"--seed 2"*) exit 1 ;; esac\n')
    sandbox.qanat("run", "train", "--range-param", "--seed 1,2,3", code=1)
    page = open_page(serve().address, "#groups=yes")
    page.get_by_role("button", name="1.0", exact=True).click()
    page.locator(".log-choices + .note", has_text="--group 0").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="runs", exact=True).click()
    page.locator(".row .link").click()
    page.locator(".log-choices + .note", has_text="--group 1 --stderr").wait_for()
    page.locator(".log", has_text="--seed 2").wait_for()


def test_curves_grow_while_they_are_shown(
    sandbox: Sandbox, serve: Callable[..., Served], open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO", str(sandbox.root.parent / "go"))
    sandbox.experiment("train", GROWING, metrics=[{"file": "metrics.jsonl"}])
    sandbox.qanat("run", "train", "--detach")
    page = open_page(serve().address, "#tab=curves")
    page.locator(".key .entry", has_text="last 0.5").wait_for()
    assert page.locator(".row .state.running").count() == 1
    (sandbox.root.parent / "go").touch()
    page.locator(".key .entry", has_text="last 0.125").wait_for()
    page.locator(".row .state.finished").wait_for()
    assert page.get_by_role("tab", selected=True).text_content() == "Curves"


def test_two_tabs_and_a_thousand_events_a_second_leave_the_page_usable(open_page: Callable[..., Any]) -> None:
    runs = measured(*([{"acc": 0.5}] for _ in range(20)))
    said = {"project": "p", "created": NOW, "notes": [], "better": {}, "titles": {}}

    def snapshot(acc: float) -> Snapshot:
        runs[0]["groups"][0]["metrics"] = {"acc": acc}
        return Snapshot(said, {run["id"]: json.dumps(run) for run in runs})

    server = Server(0, lambda data, number: page_of(data, "runs", live=number), lambda *_: iter(()), snapshot(0.5))
    done = threading.Event()

    def publish() -> None:
        count = 0
        while not done.wait(0.001):
            count += 1
            server.publish(snapshot(count))
        server.publish(snapshot(-1))

    publishing = threading.Thread(target=publish)
    try:
        pages = [open_page(server.address) for _ in range(2)]
        wait_until(lambda: server.streams == 2)
        publishing.start()
        for page in pages:
            page.locator(".tick").first.click()
            page.keyboard.press("2")
            page.locator(".compared").wait_for()
            page.keyboard.press("1")
        done.set()
        for page in pages:
            page.locator(".grid-body", has_text="\u22121").wait_for()
            assert page.locator(".tick[aria-checked=true]").count() == 1
    finally:
        done.set()
        publishing.join()
        server.stop()
