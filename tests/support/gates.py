"""Programs that start, wait until a test opens their gate, and end as they are told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.support.sandbox import Sandbox, wait_until

# $1 is the gate, $2 the exit code, $4 the storage directory. The script gives up by itself, so that
# a failed test does not leave it behind.
SCRIPT = """\
: >"$4/begun"
n=0
while [ ! -e "$1" ] && [ $((n += 1)) -lt 600 ]; do sleep 0.05; done
exit "$2"
"""


class Gates:
    """An experiment whose programs wait for their gate: a file outside the project."""

    def __init__(self, sandbox: Sandbox, experiment: str = "wait") -> None:
        self.sandbox = sandbox
        self.experiment = experiment
        sandbox.experiment(experiment, SCRIPT)

    def path(self, name: str = "gate") -> Path:
        """Return the file that a program waits for."""
        return self.sandbox.root.parent / name

    def open(self, name: str = "gate") -> None:
        """Release the programs that wait at this gate."""
        self.path(name).touch()

    def storage(self, run: int = 1, group: int | None = None) -> Path:
        """Return the directory of a run or of one of its groups."""
        folder = self.sandbox.root / f"results/{self.experiment}/run_{run}"
        return folder if group is None else folder / f"group_{group}"

    def begun(self, run: int = 1, group: int | None = None) -> None:
        """Wait until the program of a run or a group has started."""
        wait_until((self.storage(run, group) / "begun").exists)

    def ended(self, run: int = 1, group: int | None = None) -> None:
        """Wait until the program of a run or a group has left its completion file."""
        wait_until((self.storage(run, group) / "completion.json").exists)

    def start(
        self, *words: str, code: int = 0, run: int = 1, gate: str = "gate", **options: Any
    ) -> subprocess.Popen[str]:
        """Start a run of one group that waits at a gate, and wait until its program has started."""
        process = self.sandbox.start("run", *words, self.experiment, str(self.path(gate)), str(code), **options)
        self.begun(run)
        return process


def is_running(pid: int) -> bool:
    """Return whether a process with this number exists and is neither a zombie nor about to be one, without memory."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    words = ["ps", "-o", "stat=", "-o", "vsz=", "-p", str(pid)]
    found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    return bool(found) and not found[0].startswith("Z") and found[1] != "0"
