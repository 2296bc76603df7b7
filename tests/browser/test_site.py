"""The site of the documentation, which `make site` builds: its links, its navigation, its search, and how it looks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.pages import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
# What takes most room: tables of four columns, lines of code, names in bold, and signatures.
PAGES = ("index", "docs/files", "docs/commands", "docs/tutorial", "docs/site/python")


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors.add(found.get("id", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADED and LOADED[tag] in found:
            self.loaded.append(found[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make site` does; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-q", "-W", "--keep-going", "-c", "docs/site", "."]
    out = [str(folder / "site"), "-d", str(folder / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, *out], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file.read_text()) for file in site.rglob("*.html")}


def test_every_link_leads_to_a_page_and_to_an_anchor_that_it_has(pages: dict[Path, Page]) -> None:
    assert len(pages) > 40
    for file, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                assert link.startswith("https://"), f"{file}: {link}"
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / unquote(path)).resolve() if path else file
            assert target.is_file(), f"{file}: {link}"
            assert target not in pages or unquote(anchor) in pages[target].anchors, f"{file}: {link}"


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for address in page.loaded:
            assert not re.match(r"(?:[a-z]+:)?//", address), f"{file}: {address}"
    for file in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", file.read_text()), file


def test_every_page_is_in_the_navigation(site: Path, pages: dict[Path, Page]) -> None:
    shown = {(site / link.partition("#")[0]).resolve() for link in pages[site / "index.html"].links}
    made = {file.resolve() for file in pages} - {site / name for name in ("genindex.html", "search.html")}
    # The first page is in the navigation as itself.
    assert made - shown <= {site / "README.html", site / "index.html"}


@pytest.fixture
def opened(browser: Any, site: Path) -> Iterator[Any]:
    """Return a function that opens a page from disk; what goes wrong there fails the test."""
    wrong: list[str] = []
    contexts = []

    def open_it(name: str, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else wrong.append(r.url))
        page.goto(f"{site.as_uri()}/{name}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_are_as_wide_as_the_window_and_dark_where_this_is_wanted(opened: Any, width: int, scheme: str) -> None:
    for name in PAGES:
        page = opened(f"{name}.html", width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
        assert (int(red) < 100) == (scheme == "dark"), name


def test_the_search_works_from_disk(opened: Any) -> None:
    page = opened("index.html")
    page.get_by_role("textbox", name="Search").fill("preemption")
    page.keyboard.press("Enter")
    page.locator("#search-results li a", has_text="Checkpoints").first.click()
    page.wait_for_url("**/docs/checkpoints.html*")
    assert page.locator("h1").inner_text().startswith("Checkpoints")
