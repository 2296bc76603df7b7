"""Two clones of one project that share their work through a bare repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.sandbox import Sandbox, call

# Fails as long as `broken` exists, so that a run can be retried with another outcome.
SCRIPT = 'echo \'{"acc": 0.5}\' >"$2/metrics.json"\ntest ! -e broken\n'


@dataclass(frozen=True)
class Clones:
    """Ada's clone, in which the project was created, Bob's clone, and the repository that both push to."""

    ada: Sandbox
    bob: Sandbox
    hub: Path

    def share(self) -> None:
        """Bring what Ada has on main to Bob."""
        self.ada.git("push", "--quiet", "origin", "main")
        self.bob.git("pull", "--quiet", "--ff-only", "origin", "main")

    def merge_bobs(self, *words: str, code: int = 0) -> None:
        """Merge Bob's main into Ada's."""
        self.bob.git("push", "--quiet", "--force", "origin", "main:bob")
        self.ada.git("fetch", "--quiet", "origin")
        self.ada.git("merge", "--quiet", "--no-edit", *words, "origin/bob", code=code)


def make(folder: Path) -> Clones:
    """Create a project with an experiment `plain`, push it and clone it."""
    ada = Sandbox.make(folder / "ada's project")
    ada.write(".gitignore", (ada.root / ".gitignore").read_text() + "/broken\n")
    ada.experiment("plain", SCRIPT)
    hub = folder / "hub.git"
    call(["git", "init", "--quiet", "--bare", str(hub)], folder)
    ada.git("remote", "add", "origin", str(hub))
    ada.git("push", "--quiet", "--set-upstream", "origin", "main")
    call(["git", "clone", "--quiet", str(hub), "bob's project"], folder)
    return Clones(ada, Sandbox(folder / "bob's project"), hub)
