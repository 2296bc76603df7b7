"""The available runners; each is imported when it is needed.

A runner in another package is an entry point in the group `qanat.runners`: its name, and a callable that
returns a Runner. If such a package is broken, one sentence says how, with the package's name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qanat.errors import QanatError, RunnerUnavailable, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from qanat.runners.protocol import AttachedRunner, Runner

GROUP = "qanat.runners"
ATTACHED = ("local",)
SUBMITTING = {
    "htcondor": "qanat.runners.htcondor.runner:HTCondorRunner",
    "slurm": "qanat.runners.slurm.runner:SlurmRunner",
}


class Registry:
    """Returns the runners of one command by name, each loaded only once; see runners.protocol.Runners."""

    def __init__(self) -> None:
        self._loaded: dict[str, Runner] = {}

    def is_attached(self, name: str) -> bool:
        """Return whether the process that starts this runner's jobs also watches them."""
        return name in ATTACHED

    def local(self) -> AttachedRunner:
        """Return the runner that knows the processes of this machine."""
        return self.attached("local", 1)

    def attached(self, name: str, slots: int) -> AttachedRunner:
        """Return a runner that runs `slots` jobs at once here. Raises UsageError if there is none with this name."""
        if name not in ATTACHED:
            raise _unknown(name)
        from qanat.runners.local.runner import LocalRunner  # a submitting command starts nothing here

        return LocalRunner(slots)

    def submitting(self, name: str) -> Runner:
        """Return a runner for submitting and polling.

        Raises UsageError if there is none with this name, RunnerUnavailable if it cannot be loaded.
        """
        if name not in self._loaded:
            self._loaded[name] = _own(name) if name in SUBMITTING else _installed(name)
        return self._loaded[name]

    def own_files(self, name: str) -> frozenset[str]:
        """Return the names of files that a runner leaves in storage directories; empty if the runner is gone."""
        try:
            return self.local().own_files if self.is_attached(name) else self.submitting(name).own_files
        except QanatError:
            return frozenset()


def submitting_names() -> list[str]:
    """List the runners for submitting: qanat's own, and those in installed packages."""
    return [*SUBMITTING, *sorted({entry.name for entry in _entry_points()} - {*ATTACHED, *SUBMITTING})]


def _entry_points() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # 35 ms, only for a name that is not ours

    return tuple(entry_points(group=GROUP))


def _own(name: str) -> Runner:
    module, _, attribute = SUBMITTING[name].partition(":")
    runner: Runner = getattr(importlib.import_module(module), attribute)()
    return runner


def _installed(name: str) -> Runner:
    found = [entry for entry in _entry_points() if entry.name == name]
    if not found:
        raise _unknown(name)
    if len(packages := sorted({_package(entry) for entry in found})) > 1:
        raise RunnerUnavailable(
            f"{' and '.join(packages)} both have a runner {name!r}", hint=f"pip uninstall {packages[-1]}"
        )
    return _load(found[0])


def _load(entry: EntryPoint) -> Runner:
    from qanat.runners import protocol

    try:
        runner: Any = entry.load()()
    except QanatError:
        raise
    except Exception as error:  # noqa: BLE001  # another package's code may raise anything
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise _broken(entry, f"cannot be loaded: {why}") from None
    wanted = [*protocol.Runner.__annotations__, *(name for name in vars(protocol.Runner) if not name.startswith("_"))]
    missing = [name for name in dict.fromkeys(wanted) if not hasattr(runner, name)]
    if missing:
        raise _broken(entry, f"does not fit this qanat: it has no {', '.join(missing)}")
    return runner  # type: ignore[no-any-return]


def _broken(entry: EntryPoint, what: str) -> RunnerUnavailable:
    package = _package(entry)
    return RunnerUnavailable(f"runner {entry.name!r} of package {package} {what}", hint=f"pip install -U {package}")


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value.partition(":")[0]


def _unknown(name: str) -> UsageError:
    known = ", ".join((*ATTACHED, *submitting_names()))
    return UsageError(f"runner {name!r} does not exist", hint=f"known: {known}")
