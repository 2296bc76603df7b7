"""The available runners; each is imported when it is needed.

A built-in runner is a folder of this package that BUILT_IN lists; its `about.py` says what is needed before it is
loaded. A runner in another package is an entry point in the group `qanat.runners`: its name, and a callable that
returns a Runner. If such a package is broken, one sentence says how, with the package's name.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from qanat.domain.shortening import quoted
from qanat.errors import QanatError, RunnerUnavailable, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from qanat.domain.requests import Requests
    from qanat.runners.about import About
    from qanat.runners.protocol import InProcessRunner, Runner

BUILT_IN = ("local", "htcondor", "slurm")
GROUP = "qanat.runners"
# What a runner may call differently that was written for an earlier qanat.
EARLIER_NAMES = {"generated_files": "own_files", "prefetch": "get_ready"}


class Registry:
    """Returns the runners of one command by name, each loaded only once; see runners.protocol.Runners."""

    def __init__(self) -> None:
        self._loaded: dict[str, Runner] = {}

    def __reduce__(self) -> tuple[type[Registry], tuple[()]]:
        """Return what makes another process load the runners itself."""
        return Registry, ()

    def submitting_names(self) -> list[str]:
        """List the runners for submitting: the built-in ones, and those in installed packages."""
        others = {entry.name for entry in _entry_points()} - set(BUILT_IN)
        return [*(about.name for about in _all_about() if not about.in_process), *sorted(others)]

    def title(self, name: str) -> str:
        """Return what sentences call a runner. Raises UsageError and RunnerUnavailable as submitting() does."""
        return _about(name).title if name in BUILT_IN else self.submitting(name).title

    def is_in_process(self, name: str) -> bool:
        """Return whether the process that starts this runner's jobs also watches them."""
        return name in BUILT_IN and _about(name).in_process

    def local(self) -> InProcessRunner:
        """Return the runner that knows the processes of this machine."""
        return self.in_process("local", 1)

    def in_process(self, name: str, slots: int) -> InProcessRunner:
        """Return a runner that runs `slots` jobs at once here. Raises UsageError if there is none with this name."""
        if not self.is_in_process(name):
            raise self._unknown(name)
        return cast("InProcessRunner", _class(_about(name))(slots))

    def submitting(self, name: str) -> Runner:
        """Return a runner for submitting and polling.

        Raises UsageError if there is none with this name, RunnerUnavailable if it cannot be loaded.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Runner:
        if name in BUILT_IN and not self.is_in_process(name):
            return cast("Runner", _class(_about(name))())
        found = [entry for entry in _entry_points() if entry.name == name]
        if not found:
            raise self._unknown(name)
        if len(packages := sorted({_package(entry) for entry in found})) > 1:
            from qanat.system.installation import to_uninstall

            raise RunnerUnavailable(
                f"{' and '.join(packages)} both have a runner {quoted(name)}", hint=to_uninstall(packages[-1])
            )
        return _installed(found[0])

    def _unknown(self, name: str) -> UsageError:
        here = [about.name for about in _all_about() if about.in_process]
        return UsageError(
            f"runner {quoted(name)} does not exist", hint=f"known: {', '.join((*here, *self.submitting_names()))}"
        )

    # ---- what is known of runners that need not be loaded

    def default_templates(self) -> dict[str, Mapping[str, Any]]:
        """Return the options of the template `default` of a new project, by runner."""
        return {about.name: about.default_template for about in _all_about() if about.default_template}

    def requests(self) -> dict[str, Requests]:
        """Return what the options of each built-in runner ask for."""
        return {about.name: about.requests for about in _all_about()}

    def path_from(self, name: str, options: Mapping[str, Any], details: Mapping[str, Any]) -> str:
        """Return where the PATH of a run's jobs comes from; empty if that is unknown."""
        return _about(name).path_from(options, details) if name in BUILT_IN else ""

    def option_name(self, name: str, key: str) -> str:
        """Return a scheduler's own name of an option, however it is spelled; the key itself if the runner is gone."""
        from qanat.runners.protocol import NamesOptions

        if name in BUILT_IN:
            return _about(name).option_name(key)
        try:
            runner = self.submitting(name)
        except QanatError:
            return key.strip()
        return runner.option_name(key) if isinstance(runner, NamesOptions) else key.strip()

    def runner_of(self, keys: Collection[str]) -> str:
        """Return the runner that a template is for, judged by its options' names: the first one if none takes them."""
        submitting = [about for about in _all_about() if not about.in_process]
        return next((about.name for about in submitting if about.takes(keys)), submitting[0].name)

    def generated_files(self, name: str) -> frozenset[str]:
        """Return the names of files that a runner leaves in storage directories; empty if the runner is gone."""
        from qanat.runners.protocol import LeavesFiles

        try:
            runner = self.local() if self.is_in_process(name) else self.submitting(name)
        except QanatError:
            return frozenset()
        return runner.generated_files if isinstance(runner, LeavesFiles) else frozenset()


def _about(name: str) -> About:
    """Return what is known of a built-in runner, which is imported when it is first asked for."""
    return cast("About", importlib.import_module(f"{__package__}.{name}.about").ABOUT)


def _all_about() -> list[About]:
    return [_about(name) for name in BUILT_IN]


def _class(about: About) -> Any:
    module, _, attribute = about.place.partition(":")
    return getattr(importlib.import_module(f"{__package__}.{about.name}.{module}"), attribute)


# ---- runners of other packages


def _entry_points() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # 35 ms, only for a name that is not ours

    return tuple(entry_points(group=GROUP))


def _installed(entry: EntryPoint) -> Runner:
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
    for now, before in EARLIER_NAMES.items():
        if hasattr(runner, before):
            with contextlib.suppress(AttributeError):  # it takes no attributes
                setattr(runner, now, getattr(runner, before))
    return cast("Runner", runner)


def _broken(entry: EntryPoint, what: str) -> RunnerUnavailable:
    from qanat.system.installation import to_install

    package = _package(entry)
    return RunnerUnavailable(
        f"runner {quoted(entry.name)} of package {package} {what}", hint=f"{to_install(package)} --upgrade"
    )


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value.partition(":")[0]
