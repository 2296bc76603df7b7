"""Naming jobs for Slurm's programs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qanat.domain import spans
from qanat.domain.job import JobHandle

_JOB = re.compile(r"\d+(_\d+)?\Z", re.ASCII)


def by_cluster(handles: Sequence[JobHandle]) -> dict[tuple[str, ...], list[JobHandle]]:
    """Group jobs by the arguments that a query about them starts with: usually none, otherwise `-M CLUSTER`.

    Job names that cannot be Slurm's, which a record may contain, are left out.
    """
    found: dict[tuple[str, ...], list[JobHandle]] = {}
    for handle in handles:
        if handle.job and _JOB.match(handle.job):
            cluster = str(handle.details.get("clusters", ""))
            found.setdefault(("-M", cluster) if cluster else (), []).append(handle)
    return found


def array_numbers(handles: Sequence[JobHandle]) -> list[str]:
    """List the numbers of the arrays and plain jobs that these belong to, each once."""
    return list(dict.fromkeys(str(h.job).partition("_")[0] for h in handles))


def names(handles: Sequence[JobHandle]) -> list[str]:
    """List names of jobs for a command, the elements of an array combined: 812_[0-3,7]."""
    arrays: dict[str, list[int]] = {}
    names = []
    for handle in handles:
        number, element, index = str(handle.job).partition("_")
        if element:
            arrays.setdefault(number, []).append(int(index))
        else:
            names.append(number)
    return names + [f"{number}_[{spans.format_spans(elements)}]" for number, elements in arrays.items()]
