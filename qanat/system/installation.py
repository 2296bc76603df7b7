"""How this qanat was installed, and so how what it lacks is."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any


def to_install(package: str) -> str:
    """Return the command that installs a package beside this qanat."""
    return shlex.join([sys.executable, "-m", "pip", "install", package])


def to_uninstall(package: str) -> str:
    """Return the command that uninstalls a package beside this qanat."""
    return shlex.join([sys.executable, "-m", "pip", "uninstall", package])


def to_add(extra: str) -> str:
    """Return the command that installs what an extra of qanat needs, from where this qanat was installed."""
    *options, source = _source() or ["qanat"]
    wanted = f"qanat[{extra}] @ {source}" if "://" in source else f"{source}[{extra}]"
    return shlex.join([sys.executable, "-m", "pip", "install", *options, wanted])


def on_github() -> str:
    """Return the repository on GitHub and the commit that this qanat is from, as `OWNER/NAME@COMMIT`, or nothing."""
    found = _told()
    repository = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", str(found.get("url", "")))
    commit = found.get("vcs_info", {}).get("commit_id", "")
    return f"{repository[1]}@{commit}" if repository and commit else ""


def _told() -> dict[str, Any]:
    """Return what pip was told to install qanat from (PEP 610); empty for a package index."""
    from importlib import metadata  # only few commands need it

    try:
        return dict(json.loads(metadata.distribution("qanat").read_text("direct_url.json") or "{}"))
    except (metadata.PackageNotFoundError, ValueError):
        return {}


def _source() -> list[str]:
    """Return what pip is told to install this qanat again; empty for a package index or a folder that is gone."""
    from urllib.parse import unquote, urlsplit  # only hints need it

    found = _told()
    url = str(found.get("url", ""))
    if vcs := found.get("vcs_info"):
        return [f"{vcs.get('vcs')}+{url}@{vcs.get('commit_id')}"]
    folder = unquote(urlsplit(url).path) if url.startswith("file:") else ""
    if not folder or not Path(folder).exists():
        return []
    return ["-e", folder] if found.get("dir_info", {}).get("editable") else [folder]
