"""The saved views of a project, for the page that offers them."""

from __future__ import annotations

from qanat.domain import views
from qanat.domain.key_path import in_words
from qanat.domain.shortening import shortened
from qanat.usecases.definitions import listing
from qanat.usecases.project import Project

VIEWS_MAX = 100
TEXT_MAX = 200


def views_of(project: Project) -> tuple[list[dict[str, str]], list[str]]:
    """Return the views of a project, with the addresses that show them, and sentences on what was left out."""
    found = listing.listed(project, "view")
    shown = [
        {
            "name": content["name"],
            "description": shortened(content.get("description", ""), TEXT_MAX),
            "address": views.address_of(content),
        }
        for content in found.contents[:VIEWS_MAX]
    ]
    left = len(found.contents) - len(shown)
    wrong = [
        f"view {content['name']}: {in_words(path)}: {problem}"
        for content in found.contents[:VIEWS_MAX]
        for path, problem in views.problems(content)
    ]
    return shown, [*found.notes, *wrong, *([f"only the first {VIEWS_MAX} views are here"] if left else [])]
