"""The site of the documentation: the pages as they are, in the order of docs/README.md. `make site` builds it."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

from qanat import __version__

ROOT = Path(__file__).resolve().parents[2]
ORDER = "docs/README"
"""The page that lists the others, below headings that say of what kind they are."""
EXAMPLES = "examples/README"
ONLY_HERE = {"Reference": ["docs/site/python", "docs/site/runners", "docs/site/testing"]}
"""Pages of the site alone, since nothing but Sphinx understands them, at the ends of the lists."""
SHORT = 30
"""Characters that fit into one line on a phone."""

project = "qanat"
author = "The qanat authors"
project_copyright = author
version = release = __version__
root_doc = "README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/site/*.md",
    "schemas/*.md",
    "examples/README.md",
    "examples/**/README.md",
]
# Where no page is, so that nobody has to look.
exclude_patterns = [".*", "build", "demo", "mutants", "qanat", "starting_points", "tests"]
# Blocks of these kinds are shown as they are written.
lexers["txt"] = lexers["mermaid"] = TextLexer()
# Two dashes and straight quotes are what people type.
smartquotes = False
extensions = ["myst_parser", "sphinx.ext.autodoc"]
nitpicky = True

# Headings have the anchors that they have on GitHub.
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "undoc-members": True}
# A long signature has a line for each parameter.
maximum_signature_line_length = 100
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
default_role = "code"
# Types that are not the API's own, such as those of Python.
nitpick_ignore_regex = [("py:.*", ".*")]

pygments_dark_style = "a11y-high-contrast-dark"
html_theme = "furo"
html_title = f"qanat {version}"
html_copy_source = False
# From disk, no page may read another one.
html_show_search_summary = False
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["qanat.css"]
html_domain_indices = False


def ordered(_app: Any, name: str, source: list[str]) -> None:
    """Add the navigation to the first page, a part for each kind of page, and the examples to their page."""
    if name == root_doc:
        source[0] += "".join(_part(pages, f":caption: {title}") for title, pages in kinds())
    elif name == EXAMPLES:
        below = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / EXAMPLES).parent.rglob("README.md")}
        source[0] += _part(sorted(path.as_posix() for path in below - {Path(EXAMPLES)}))


def kinds() -> list[tuple[str, list[str]]]:
    """List the kinds of pages in the order of the page that lists them, each with the names of its pages."""
    parts = re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", (ROOT / f"{ORDER}.md").read_text(), re.MULTILINE)
    found = []
    for title, below in parts:
        linked = re.findall(r"^\| \[.*?\]\((.*?)\.md\)", below, re.MULTILINE)
        pages = [posixpath.normpath(posixpath.join(posixpath.dirname(ORDER), name)) for name in linked]
        found.append((title, [*pages, *ONLY_HERE.get(title, ())]))
    found[0][1].append(ORDER)
    return found


def _part(pages: Sequence[str], *options: str) -> str:
    entries = ["self" if page == root_doc else f"/{page}" for page in pages]
    return "\n".join(["", "```{toctree}", ":hidden:", *options, "", *entries, "```", ""])


def constructed(_app: Any, what: str, name: str, found: Any, _options: Any, arguments: str, returned: str) -> Any:
    """Leave out how to create objects that only qanat creates."""
    is_created = dataclasses.is_dataclass(found) and not name.startswith("qanat.api.")
    return ("", None) if what == "class" and not is_created else (arguments, returned)


def marked(_app: Any, doctree: nodes.document) -> None:
    """Mark code that is short enough for one line, and cells that are not."""
    for literal in doctree.findall(nodes.literal):
        if len(literal.astext()) <= SHORT:
            literal["classes"].append("short")
    for cell in doctree.findall(nodes.entry):
        if len(cell.astext()) > SHORT:
            cell["classes"].append("long")


def begun(app: Any, error: Exception | None) -> None:
    """Let the site begin with its first page when only its folder is opened."""
    if error is None and app.builder.format == "html":
        shutil.copyfile(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app: Any) -> None:
    """Register what is done on the way."""
    app.connect("source-read", ordered)
    app.connect("autodoc-process-signature", constructed)
    app.connect("doctree-read", marked)
    app.connect("build-finished", begun)
