"""What sbatch's options ask for, and the options that ask for something else."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from qanat.domain import amounts, time_limits
from qanat.domain.asked import Asked
from qanat.runners.slurm.flags import long_name
from qanat.runners.submitting.option_changes import clock_seconds

_COUNT = re.compile(r"[0-9]{1,6}")
# gpu:2, gpu:a100:2, or gpu for one; beside other resources.
_GPUS = re.compile(r"(?:\A|,)gpu(?::[^:,()]*[^:,()0-9][^:,()]*)?(?::([0-9]{1,4}))?(?:\([^)]*\))?(?=,|\Z)")
_OF_TYPE = re.compile(r"(?:[^:,]+:)?([0-9]{1,4})\Z")
_INSTEAD_OF = {
    "mem": ("mem-per-cpu", "mem-per-gpu"),
    "cpus-per-task": ("cpus-per-gpu",),
    "gres": ("gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"),
}


def asked(options: Mapping[str, Any]) -> Asked:
    """Return what a job with these options gets on all of its nodes together."""
    texts = _texts(options)
    nodes, tasks, gpus = _nodes(texts), _tasks(texts), _gpus(texts)
    per_gpu = _count(texts.get("cpus-per-gpu"))
    cpus = gpus * per_gpu if gpus and per_gpu else tasks * (_count(texts.get("cpus-per-task")) or 1)
    return Asked(cpus, _memory(texts, nodes, cpus, gpus), clock_seconds(texts.get("time", "")) or None, gpus)


def asking(options: Mapping[str, Any], wanted: Asked) -> dict[str, Any]:
    """Return the options with what is wanted in place of what they ask for; what it does not say stays."""
    texts = _texts(options)
    changes: dict[str, Any] = {}
    if wanted.cpus is not None:
        changes["cpus-per-task"] = math.ceil(wanted.cpus / _tasks(texts))
    if wanted.gpus and wanted.gpus != _gpus(texts):
        others = [each for each in texts.get("gres", "").split(",") if each and not _GPUS.search(each)]
        changes["gres"] = ",".join([*others, f"gpu:{math.ceil(wanted.gpus / _nodes(texts))}"])
    if wanted.memory_mib is not None:
        mib = math.ceil(wanted.memory_mib / _nodes(texts))
        changes["mem"] = f"{mib}M" if mib % 1024 else f"{mib // 1024}G"
    if wanted.time_s is not None:
        changes["time"] = time_limits.as_clock(math.ceil(wanted.time_s))
    # sbatch refuses two options for the same.
    dropped = {name for new, others in _INSTEAD_OF.items() if new in changes for name in others}
    found = {key: changes.pop(long_name(key), value) for key, value in options.items() if long_name(key) not in dropped}
    return found | {f"--{name}": value for name, value in changes.items()}


def _texts(options: Mapping[str, Any]) -> dict[str, str]:
    return {long_name(key): str(value).strip() for key, value in options.items()}


def _count(text: str | None) -> int | None:
    """Return a number, or the first of a range such as 2-4; None for anything else."""
    found = _COUNT.match(text or "")
    return int(found[0]) if found else None


def _nodes(texts: Mapping[str, str]) -> int:
    return _count(texts.get("nodes")) or 1


def _tasks(texts: Mapping[str, str]) -> int:
    return _count(texts.get("ntasks")) or _nodes(texts) * (_count(texts.get("ntasks-per-node")) or 1)


def _memory(texts: Mapping[str, str], nodes: int, cpus: int, gpus: int | None) -> float | None:
    for name, count in (("mem", nodes), ("mem-per-cpu", cpus), ("mem-per-gpu", gpus or 0)):
        if (mib := amounts.mib(texts.get(name, ""))) is not None:
            return mib * count or None  # 0 stands for all memory of a node
    return None


def _gpus(texts: Mapping[str, str]) -> int | None:
    counts = {"gpus": 1, "gpus-per-node": _nodes(texts), "gpus-per-task": _tasks(texts)}
    for name, count in counts.items():
        if found := _OF_TYPE.match(texts.get(name, "")):
            return int(found[1]) * count
    found = _GPUS.search(texts.get("gres", ""))
    return int(found[1] or 1) * _nodes(texts) if found else None
