"""The Slurm runner, before it is loaded."""

from __future__ import annotations

from collections.abc import Collection

from qanat.runners.about import About


def _takes(keys: Collection[str]) -> bool:
    """Return whether options are written with dashes, as sbatch has them."""
    return any(key.startswith("-") for key in keys)


ABOUT = About(
    name="slurm",
    title="Slurm",
    place="runner:SlurmRunner",
    default_template={"--ntasks": 1, "--cpus-per-task": 1, "--time": "1-00:00:00"},
    takes=_takes,
)
