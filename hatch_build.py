"""The parts of the package's metadata that depend on where the repository is, which nothing in it knows."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# The address of the repository, such as https://HOST/OWNER/qanat; release workflows set it.
VARIABLE = "QANAT_REPOSITORY"
NO_ADDRESS = "<where this repository is>"
_IMAGE = re.compile(r"(!\[[^\]]*\]\()(?!https?://)")
_LINK = re.compile(r"(?<!!)(\[[^\]]*\]\()(?!https?://|#)")


class RepositoryMetadataHook(MetadataHookInterface):
    """Adds the addresses of the repository, and a README whose links work outside of it."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the fields that pyproject.toml calls dynamic."""
        repository = os.environ.get(VARIABLE, "").rstrip("/")
        if repository and not re.fullmatch(r"https://[\w.-]+(?::\d+)?(?:/[\w.~-]+)+", repository, re.ASCII):
            sys.exit(f"{VARIABLE} is not the address of a repository, such as https://HOST/OWNER/qanat")
        text = (Path(self.root) / "README.md").read_text("utf-8")
        if repository:
            at_tag = f"v{metadata['version']}"
            text = _IMAGE.sub(rf"\1{repository}/raw/{at_tag}/", text)
            text = _LINK.sub(rf"\1{repository}/blob/{at_tag}/", text)
            path = repository.partition("://")[2].partition("/")[2]  # what GitHub calls an action by
            text = text.replace(f"uses: {NO_ADDRESS}", f"uses: {path}").replace(NO_ADDRESS, repository)
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{repository}/blob/{at_tag}/docs/README.md",
                "Changelog": f"{repository}/blob/{at_tag}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
