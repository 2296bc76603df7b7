"""Which runners there are; each is imported when it is asked for.

A runner of another package is an entry point of the group `qanat.runners`: its name, and a callable that
gives a Runner.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qanat.errors import UsageError

if TYPE_CHECKING:
    from qanat.runners.base import AttachedRunner, Runner

GROUP = "qanat.runners"
ATTACHED = ("local",)
SUBMITTING = {"htcondor": "qanat.runners.htcondor:HTCondorRunner", "slurm": "qanat.runners.slurm:SlurmRunner"}


class Registry:
    """Gives runners by name; see runners.base.Runners."""

    def is_attached(self, name: str) -> bool:
        """Tell whether the jobs of this runner are watched by the qanat that started them."""
        return name in ATTACHED

    def local(self) -> AttachedRunner:
        """Give the runner that knows the processes of this machine."""
        return self.attached("local", 1)

    def attached(self, name: str, slots: int) -> AttachedRunner:
        """Give a runner that runs `slots` jobs at a time here. Raises UsageError when there is none of this name."""
        if name not in ATTACHED:
            raise _unknown(name)
        from qanat.runners.local import LocalRunner  # a submitting command starts nothing here

        return LocalRunner(slots)

    def submitting(self, name: str) -> Runner:
        """Give a runner to submit to, and ask. Raises UsageError when there is none of this name."""
        if name in SUBMITTING:
            module, _, attribute = SUBMITTING[name].partition(":")
            runner: Runner = getattr(importlib.import_module(module), attribute)()
            return runner
        for entry in _entry_points():
            if entry.name == name:
                found: Runner = entry.load()()
                return found
        raise _unknown(name)


def _entry_points() -> Any:
    from importlib.metadata import entry_points  # 35 ms, only for a name that is not ours

    return entry_points(group=GROUP)


def _unknown(name: str) -> UsageError:
    others = sorted(entry.name for entry in _entry_points())
    return UsageError(f"there is no runner {name!r}", hint=f"known are {', '.join((*ATTACHED, *SUBMITTING, *others))}")


RUNNERS = Registry()
