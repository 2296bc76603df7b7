"""Steps that convert the content of a file from one version of its schema to the next, and the table of all steps.

A step is a pure function of mappings. Files come from anywhere, so a step takes any mapping: what does not have the
form of the old version passes through, and the reader of the new version says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qanat.records.migrations.document import document_1_to_2
from qanat.records.migrations.run import run_1_to_2

Step = Callable[[Mapping[str, Any]], dict[str, Any]]

# The step at index n leads from version n + 1 to n + 2; the newest version of a kind follows from the number of steps.
STEPS: dict[str, tuple[Step, ...]] = {"run": (run_1_to_2,), "document": (document_1_to_2,)}


def newest(kind: str) -> int:
    """Return the version in which this qanat writes files of this kind."""
    return 1 + len(STEPS.get(kind, ()))


def upgraded(content: Mapping[str, Any], kind: str, version: int) -> dict[str, Any]:
    """Return the content of a file of this version in the newest version of its kind."""
    for step in STEPS.get(kind, ())[version - 1 :]:
        content = step(content)
    return dict(content)
