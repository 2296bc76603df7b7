"""Projects and runs as Python objects, for notebooks, scripts and actions.

import qanat

project = qanat.open(".")
run = project.launch("summary_iris", ["--nbins", "20"], snapshot=True)
print(run.id, run.state, run.path, run.metrics)
table = project.runs(where=["nbins>=20"]).to_pandas()
"""

from __future__ import annotations

from qanat.api.checking import Check
from qanat.api.comparing import ComparedRow, Comparison
from qanat.api.creating import init
from qanat.api.curves import Curve
from qanat.api.groups import Group
from qanat.api.plans import Plan, PlannedGroup
from qanat.api.progress import Progress
from qanat.api.project import Project, open
from qanat.api.runs import Run, Runs

__all__ = [
    "Check",
    "ComparedRow",
    "Comparison",
    "Curve",
    "Group",
    "Plan",
    "PlannedGroup",
    "Progress",
    "Project",
    "Run",
    "Runs",
    "init",
    "open",
]
