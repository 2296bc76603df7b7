"""Where the web pages of the project's repository are."""

from __future__ import annotations

import os

from qanat.domain import web_pages
from qanat.domain.web_pages import WebPages
from qanat.git import kept
from qanat.git.location import Location


def find(location: Location) -> WebPages | None:
    """Return the pages of the repository that CI names, or of the remote; None if neither is on GitHub or GitLab."""
    return web_pages.of_ci(os.environ) or web_pages.of_remote(kept.main_address(location))
