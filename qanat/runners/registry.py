"""Which runners there are; each is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qanat.errors import UsageError

if TYPE_CHECKING:
    from qanat.runners.base import AttachedRunner, Runner

ATTACHED = ("local",)
SUBMITTING = ("htcondor",)


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
        _check(name, ATTACHED)
        from qanat.runners.local import LocalRunner

        return LocalRunner(slots)

    def submitting(self, name: str) -> Runner:
        """Give a runner to submit to, and ask. Raises UsageError when there is none of this name."""
        _check(name, SUBMITTING)
        from qanat.runners.htcondor import HTCondorRunner

        return HTCondorRunner()


def _check(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise UsageError(f"there is no runner {name!r}", hint=f"known are {', '.join((*ATTACHED, *SUBMITTING))}")


RUNNERS = Registry()
