"""A project whose runs go to a real scheduler, and programs for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import sandbox
from tests.support.sandbox import Sandbox

# Jobs begin a second or two after they were submitted, and a busy machine takes its time.
JOB_S = 120.0

ARGUMENTS = """\
import json, os, pathlib, sys
import qanat
words = sys.argv[1:]
storage = pathlib.Path(words[words.index("--storage_path") + 1])
qanat.log_metrics(step=5, words=len(words))
(storage / "seen.json").write_text(json.dumps({"words": words, "cwd": os.getcwd(), "env": dict(os.environ)}))
"""
# $1 is a gate, a file to wait for, and $2 the exit code; after them comes --storage_path DIR. A program that is
# asked to end does so at once.
WAIT = """\
for word; do [ "$previous" != --storage_path ] || storage=$word; previous=$word; done
echo "begun with $*"
: >"$storage/begun"
n=0
while [ ! -e "$1" ] && [ $((n += 1)) -lt 6000 ]; do sleep 0.1; done
exit "${2:-0}"
"""

# Exits with 75 at the first $1 - 1 attempts; a scheduler may start it again in the same directory.
FLAKY = """\
attempt=$(grep -c . "$3/../tries_$1" 2>/dev/null)
echo try >>"$3/../tries_$1"
echo "attempt $((attempt + 1))"
case $1 in wait) exec sleep 300 ;; esac
[ "$((attempt + 1))" -ge "$1" ] || exit 75
"""
# The last keys of a template whose groups are retried.
RETRIED = "retry: {when: [exit_code: [75]], times: 2}\n"


def wait_until(condition: Callable[[], Any], timeout_s: float = JOB_S) -> Any:
    """Wait until a condition is true, as long as a job may take on a busy machine; return its value."""
    return sandbox.wait_until(condition, timeout_s)


class OnCluster(Sandbox):
    """A project with a scheduler, to which `runner` submits."""

    runner: str

    def template(self, name: str, options: str, more: str = "") -> None:
        """Define and commit a template from lines of options; `more` has its other keys."""
        indented = "".join(f"  {line}\n" for line in options.splitlines())
        text = f"schema: template/1\nname: {name}\nrunner: {self.runner}\noptions:\n{indented}{more}"
        self.write(f".qanat/templates/{self.runner}/{name}.yaml", text)
        self.commit(f"template {name}")

    def submit(self, name: str, *words: str, **options: Any) -> dict[str, Any]:
        """Submit a run, and return its current record."""
        self.qanat("run", "--runner", self.runner, name, *words, **options)
        return self.records()[-1]

    def shown(self, run: int = 1) -> dict[str, Any]:
        """Return a run's current record."""
        record: dict[str, Any] = self.qanat("show", str(run), "--json").json
        return record

    def groups(self, run: int = 1) -> list[dict[str, Any]]:
        """Return the current groups of a run."""
        found: list[dict[str, Any]] = self.shown(run)["groups"]
        return found

    def states(self, run: int = 1) -> list[str]:
        """Return the current states of a run's groups."""
        return [group["state"] for group in self.groups(run)]

    def wait_for_states(self, *states: str, run: int = 1) -> list[dict[str, Any]]:
        """Wait until the groups of a run are in these states; return the groups."""
        seen: list[str] = []

        def are_there() -> bool:
            seen[:] = self.states(run)
            return seen == list(states)

        try:
            wait_until(are_there)
        except AssertionError:
            why = [group.get("reason", "") for group in self.groups(run)]
            said = self.qanat("status").err
            raise AssertionError(f"run {run} is {seen} ({why}), not {list(states)}: {said}") from None
        return self.groups(run)

    def storage(self, name: str, run: int = 1, group: int | None = None) -> Path:
        """Return the directory of a run, or of one of its groups."""
        folder = self.root / f"results/{name}/run_{run}"
        return folder if group is None else folder / f"group_{group}"

    def gate(self, name: str = "gate") -> Path:
        """Return the file, outside the project, that a program of WAIT waits for."""
        return self.root.parent / name

    def begun(self, run: int = 1, group: int | None = None, name: str = "wait") -> None:
        """Wait until the program of a run, or of a group, has started."""
        wait_until((self.storage(name, run, group) / "begun").exists)

    def ended(self, run: int = 1, group: int | None = None, name: str = "wait") -> None:
        """Wait until a program has left its completion file."""
        wait_until((self.storage(name, run, group) / "completion.json").exists)

    def lose_completion(self, run: int = 1, group: int | None = None, name: str = "wait") -> None:
        """Remove a completion file, once the job's outer shell has read it and can no longer write another."""
        folder = self.storage(name, run, group)
        self.ended(run, group, name)
        wait_until(lambda: not any((folder / left).exists() for left in (".job-pid", ".job-note")))
        (folder / "completion.json").unlink()

    def seen(self, name: str, run: int = 1, group: int | None = None) -> dict[str, Any]:
        """Return what a program of ARGUMENTS saw."""
        found: dict[str, Any] = json.loads((self.storage(name, run, group) / "seen.json").read_text())
        return found

    def settings(self, text: str) -> None:
        """Write and commit the project's settings."""
        self.write(".qanat/config.yaml", f"schema: config/1\n{text}\n")
        self.commit("settings")
