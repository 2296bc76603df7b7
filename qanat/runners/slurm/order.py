"""Jobs that wait for others: what sbatch is told of these, and when that can be relied on.

sbatch accepts a dependency on a job that it does not know, and takes it for met. So jobs are submitted held, and
released once it is certain that the controller knew those before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qanat.domain.job import JobBatch
from qanat.runners.slurm import flags, jobs

HOLD = "--hold"
# sbatch then cancels a job whose dependency cannot be met, which would otherwise stay in the queue for ever.
_KILL = "kill-on-invalid-dep"


def dependencies(batch: JobBatch) -> list[str]:
    """Return the dependencies on the jobs before those of a batch; nothing if sbatch cannot express them."""
    given = str(next((v for k, v in batch.options.items() if flags.long_name(k) == "dependency"), "") or "")
    if "?" in given or not _same_cluster(batch):  # alternatives cannot be combined with what is required
        return []
    found = []
    for before in batch.after:
        numbers = ":".join(jobs.array_numbers(before.handles))
        found.append(f"{'afterany' if before.any else 'afterok'}:{numbers}")
    return found


def combined(options: Mapping[str, Any], added: Sequence[str]) -> dict[str, Any]:
    """Return a template's options with more dependencies."""
    found = dict(options)
    key = next((k for k in found if flags.long_name(k) == "dependency"), "dependency")
    found[key] = ",".join(filter(None, (found.get(key), *added)))
    return found


def options(batch: JobBatch, chained: Sequence[str]) -> dict[str, Any]:
    """Return the options of a batch with all that its jobs depend on; `chained` are its own earlier arrays."""
    before = dependencies(batch)
    found = combined(batch.options, [*before, *chained]) if before or chained else dict(batch.options)
    known = map(flags.long_name, found)
    return found | ({_KILL: "yes"} if before and _KILL not in known else {})


def _same_cluster(batch: JobBatch) -> bool:
    named = [str(value) for key, value in batch.options.items() if flags.long_name(key) == "clusters"]
    cluster = named[-1] if named else ""
    return all(str(h.details.get("clusters", "")) == cluster for before in batch.after for h in before.handles)
