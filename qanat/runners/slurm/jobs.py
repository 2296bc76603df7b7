"""Jobs as Slurm's programs are told of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qanat.domain import spans
from qanat.domain.job import JobHandle

_JOB = re.compile(r"\d+(_\d+)?\Z", re.ASCII)


def by_cluster(handles: Sequence[JobHandle]) -> dict[tuple[str, ...], list[JobHandle]]:
    """Sort jobs by the words that a question about them begins with: most need none, others `-M CLUSTER`.

    What cannot be a job of Slurm's, as a record may say, is left out.
    """
    found: dict[tuple[str, ...], list[JobHandle]] = {}
    for handle in handles:
        if handle.job and _JOB.match(handle.job):
            cluster = str(handle.details.get("clusters", ""))
            found.setdefault(("-M", cluster) if cluster else (), []).append(handle)
    return found


def numbers(handles: Sequence[JobHandle]) -> list[str]:
    """List the numbers of the arrays and plain jobs that these are of, each once."""
    return list(dict.fromkeys(str(h.job).partition("_")[0] for h in handles))


def grouped(handles: Sequence[JobHandle]) -> list[str]:
    """Name jobs for a command, the elements of one array together: 812_[0-3,7]."""
    arrays: dict[str, list[int]] = {}
    names = []
    for handle in handles:
        number, element, index = str(handle.job).partition("_")
        if element:
            arrays.setdefault(number, []).append(int(index))
        else:
            names.append(number)
    return names + [f"{number}_[{spans.format_spans(elements)}]" for number, elements in arrays.items()]
