"""Writing the curves of a run from its program: this part is imported by programs, and needs nothing but Python."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

FILE = "metrics.jsonl"
VARIABLE = "QANAT_STORAGE_PATH"
ARGUMENT = "--storage_path"
_PAUSE_S = 0.02


def log_metrics(metrics: Mapping[str, Any] | None = None, /, *, step: float | None = None, **named: Any) -> None:
    """Append numbers to `metrics.jsonl` in the storage directory, as one line: a point of the curve of each.

    Numbers have names as keywords or in a mapping, which may be nested; those of numpy and PyTorch are numbers, too.
    Without a step, the number of the line counts. Several processes of one machine may write at the same time.

    In a run, the storage directory is that of the group. Elsewhere, it is the argument of `--storage_path` or, without
    it, the current folder. Raises TypeError for what is not a number and for a name that is not text, ValueError for a
    name that occurs twice and for a point without any number, OSError if the file cannot be written.
    """
    line = {} if step is None else {"step": _number("step", step)}
    for content in (metrics or {}, named):
        for name, value in _leaves("", content):
            if name in line:
                raise ValueError(f"{name} is passed twice")
            line[name] = _number(name, value)
    if not line.keys() - {"step"}:
        raise ValueError("no number was passed, as in log_metrics(step=1, loss=0.5)")
    _append(f"{storage_path()}/{FILE}", json.dumps(line))


def storage_path() -> str:
    """Return the storage directory of the group that this process belongs to, or what stands for it elsewhere."""
    if found := os.environ.get(VARIABLE):
        return found
    for place, argument in enumerate(sys.argv):
        if argument == ARGUMENT and place + 1 < len(sys.argv):
            return sys.argv[place + 1]
        if argument.startswith(f"{ARGUMENT}="):
            return argument.partition("=")[2]
    return "."


def _leaves(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if not isinstance(key, str):
            raise TypeError(f"the name {prefix}{key} is not text, but of type {type(key).__name__}")
        if isinstance(value, Mapping):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _number(name: str, value: Any) -> float:
    if type(value) not in (int, float) and hasattr(value, "item"):
        value = value.item()  # of numpy and PyTorch
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} is not a number, but of type {type(value).__name__}")
    return float(value)


def _append(path: str, line: str) -> None:
    """Append a line by one write, which other processes do not come into. A link is not followed, as by qanat."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", path)
        data = b"\n" * _is_torn(descriptor) + line.encode() + b"\n"
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(descriptor)


def _is_torn(descriptor: int) -> bool:
    """Return whether a file ends with half a line, which a process that was killed has left.

    A line that another process is just writing is not one: it is whole soon.
    """
    before = -1
    while (size := os.fstat(descriptor).st_size) and os.pread(descriptor, 1, size - 1) != b"\n":
        if size == before:
            return True
        before = size
        time.sleep(_PAUSE_S)
    return False
