"""The Slurm runner, before it is loaded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from qanat.domain.requests import Request
from qanat.runners.about import About


def _takes(keys: Collection[str]) -> bool:
    """Return whether options are written with dashes, as sbatch has them."""
    return any(key.startswith("-") for key in keys)


def _path_from(_options: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """Return where PATH comes from, by what `sbatch --export` was."""
    export = str(details.get("export", "ALL"))
    handed_on = {name.partition("=")[0] for name in export.split(",")}
    if "PATH" in handed_on or "ALL" in handed_on:
        return "the shell that submitted them"
    return f"the machine that ran them, since they were submitted with --export={export}"


def _option_name(key: str) -> str:
    from qanat.runners.slurm import flags  # only for templates that extend others

    return flags.long_name(key)


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
    path_from=_path_from,
    option_name=_option_name,
)
