"""qanat: run command-line experiments and keep a reviewable record of every run in git.

`qanat.open(".")` opens a project, to launch runs and to look at them as Python objects; `qanat.init(".")` creates one.
See qanat.api.
`qanat.log_metrics(step=1, loss=0.5)` is for the programs of runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qanat.api import Curve, Group, Progress, Project, Run, Runs, init, open
    from qanat.metrics_log import log_metrics

__version__ = "0.1.0"
__all__ = ["Curve", "Group", "Progress", "Project", "Run", "Runs", "__version__", "init", "log_metrics", "open"]


def __getattr__(name: str) -> Any:
    """Import the API when it is used, so that the command line starts without it."""
    if name == "log_metrics":
        from qanat.metrics_log import log_metrics

        return log_metrics
    if name in __all__:
        from qanat import api

        return getattr(api, name)
    raise AttributeError(f"module 'qanat' has no attribute {name!r}")
