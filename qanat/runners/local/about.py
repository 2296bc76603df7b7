"""The local runner, before it is loaded."""

from __future__ import annotations

from qanat.runners.about import About

ABOUT = About(
    name="local",
    title="this machine",
    place="runner:LocalRunner",
    in_process=True,
    path_from=lambda options, details: "the shell that started qanat",
)
