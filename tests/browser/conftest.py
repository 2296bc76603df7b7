"""A real browser for the tests of the page, and what must never happen in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Read now, since the variable is not set in the tests' own environment.
REQUIRED = os.environ.get("QANAT_TEST_BROWSER", "") == "require"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 60_000


def _missing(what: str) -> None:
    if REQUIRED:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser(home: Path) -> Iterator[Any]:
    """Start Chromium once for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed; `make test` installs it")
    # The first has no windows of its own, and takes a sixth of the time for each page.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        _missing("there is no chromium; install it with: sudo apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a file or an address; errors and requests to other addresses fail the test.

    A page that outlives its server may print that nobody answers.
    """
    wrong: list[str] = []
    pages: list[Any] = []

    def open_it(where: Path | str, hash_: str = "", outlives: bool = False, **options: Any) -> Any:
        address = where.as_uri() if isinstance(where, Path) else where
        own = address.split("?")[0].rsplit("/", 1)[0]
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, "timezone_id": "UTC", **options})
        page.set_default_timeout(TIMEOUT_MS)

        def note(message: Any) -> None:
            is_expected = outlives and "ERR_CONNECTION_REFUSED" in message.text
            if message.type in ("error", "warning") and not is_expected:
                wrong.append(f"{message.text} {message.location}")

        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("request", lambda r: None if r.url.startswith((own, "data:", "blob:")) else wrong.append(r.url))
        pages.append(page)
        page.goto(address + hash_)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_it
    for page in pages:
        page.close()
    assert wrong == []
