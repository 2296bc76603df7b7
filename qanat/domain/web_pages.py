"""The web pages of a repository on GitHub or GitLab: those of commits, files and comparisons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

GITHUB, GITLAB = "github", "gitlab"
# Nothing in an address may act in Markdown, whatever a remote is called.
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9-]*\.)*[A-Za-z0-9-]*[A-Za-z0-9])"
_PATH = r"(?P<path>[A-Za-z0-9_][\w.+~-]*(?:/[A-Za-z0-9_.][\w.+~-]*){1,20})/?"
_WEB = re.compile(rf"(?P<scheme>https?)://(?:[^/@\s]*@)?{_HOST}(?P<port>:[0-9]{{1,5}})?/{_PATH}", re.ASCII)
_SSH = re.compile(rf"(?:ssh|git)://(?:[^/@\s]*@)?{_HOST}(?::[0-9]{{1,5}})?/{_PATH}", re.ASCII)
_SCP = re.compile(rf"\A(?:[\w.-]+@)?{_HOST}:{_PATH}", re.ASCII)
_OTHER_NAMES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_ADDRESS_MAX = 500


@dataclass(frozen=True, slots=True)
class WebPages:
    """The pages of one repository; `root` is its address, and `kind` GITHUB or GITLAB."""

    root: str
    kind: str

    def commit(self, commit: str) -> str:
        """Return the address of a commit."""
        return f"{self._inside}/commit/{commit}"

    def file(self, commit: str, path: str) -> str | None:
        """Return the address of a file of a commit; None for a path that is not plain."""
        if any(part in ("", ".", "..") for part in path.split("/")):
            return None
        return f"{self._inside}/blob/{commit}/{quote(path, errors='replace')}"

    def comparison(self, old: str, new: str) -> str:
        """Return the address of what one commit changes since another one."""
        return f"{self._inside}/compare/{old}...{new}"

    @property
    def _inside(self) -> str:
        return self.root if self.kind == GITHUB else f"{self.root}/-"


def of_ci(environment: Mapping[str, str]) -> WebPages | None:
    """Return the pages of the repository that a CI job is about, by its variables; None elsewhere."""
    if environment.get("GITHUB_ACTIONS"):
        address = f"{environment.get('GITHUB_SERVER_URL', '')}/{environment.get('GITHUB_REPOSITORY', '')}"
        return _of_match(_WEB.fullmatch(address[:_ADDRESS_MAX]), GITHUB)
    if environment.get("GITLAB_CI"):
        return _of_match(_WEB.fullmatch(environment.get("CI_PROJECT_URL", "")[:_ADDRESS_MAX]), GITLAB)
    return None


def of_remote(url: str) -> WebPages | None:
    """Return the pages of a remote's repository; None unless the name of its host is that of GitHub or GitLab."""
    found = next((m for form in (_WEB, _SSH, _SCP) if (m := form.fullmatch(url[:_ADDRESS_MAX]))), None)
    parts = _host(found).split(".") if found else ()
    kind = next((kind for kind in (GITHUB, GITLAB) if kind in parts), None)
    return _of_match(found, kind) if kind else None


def _of_match(found: re.Match[str] | None, kind: str) -> WebPages | None:
    if found is None or {".", ".."} & set(found["path"].split("/")):
        return None
    groups, path = found.groupdict(), found["path"].removesuffix(".git")
    return WebPages(f"{groups.get('scheme', 'https')}://{_host(found)}{groups.get('port') or ''}/{path}", kind)


def _host(found: re.Match[str]) -> str:
    host = found["host"].lower()
    return _OTHER_NAMES.get(host, host)
