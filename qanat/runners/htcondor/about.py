"""The HTCondor runner, before it is loaded."""

from __future__ import annotations

from qanat.runners.about import About

ABOUT = About(
    name="htcondor",
    title="HTCondor",
    place="runner:HTCondorRunner",
    default_template={"universe": "vanilla", "request_cpus": 1, "request_memory": "1GB", "request_disk": "1GB"},
)
