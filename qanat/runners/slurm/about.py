"""The Slurm runner, before it is loaded."""

from __future__ import annotations

from collections.abc import Collection

from qanat.domain.requests import Request
from qanat.runners.about import About


def _takes(keys: Collection[str]) -> bool:
    """Return whether options are written with dashes, as sbatch has them."""
    return any(key.startswith("-") for key in keys)


ABOUT = About(
    name="slurm",
    title="Slurm",
    place="runner:SlurmRunner",
    default_template={"--cpus-per-task": 1, "--ntasks": 1, "--time": "1-00:00:00"},
    requests={
        **dict.fromkeys(("cpus-per-task", "c"), Request.CPUS),
        **dict.fromkeys(("gpus", "G", "gpus-per-node", "gpus-per-task"), Request.GPUS),
        **dict.fromkeys(("ntasks", "n"), Request.TASKS),
        **dict.fromkeys(("nodes", "N"), Request.NODES),
        "mem": Request.MEMORY,
        "mem-per-cpu": Request.MEMORY_PER_CPU,
        "mem-per-gpu": Request.MEMORY_PER_GPU,
        "tmp": Request.DISK,
        "gres": Request.RESOURCES,
        **dict.fromkeys(("time", "t"), Request.TIME),
        **dict.fromkeys(("partition", "p"), Request.PARTITION),
        **dict.fromkeys(("account", "A"), Request.ACCOUNT),
        **dict.fromkeys(("qos", "q"), Request.QUALITY_OF_SERVICE),
        "reservation": Request.RESERVATION,
        **dict.fromkeys(("container", "image"), Request.CONTAINER),
    },
    takes=_takes,
)
