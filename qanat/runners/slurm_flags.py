"""sbatch's options: which a template may have, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qanat.domain.names import nearest
from qanat.errors import UsageError

# qanat sets these itself, and a template must not.
_SET_BY_QANAT = """
    array a job-name J output o error e input i comment chdir D parsable wrap open-mode test-only wait W hold H
    help usage version
"""
_LONG = """
    account acctg-freq batch bb bbf begin clusters cluster-constraint constraint container contiguous core-spec
    cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution exclude
    exclusive export export-file extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-
    socket gpus-per-task gres gres-flags hint ignore-pbs kill-on-invalid-dep licenses mail-type mail-user mcs-
    label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice nodefile nodelist nodes no-kill no-requeue
    ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket overcommit oversubscribe partition
    power prefer priority profile propagate qos quiet reboot requeue reservation signal sockets-per-node spread-
    job switches thread-spec threads-per-core time time-min tmp uid use-min-nodes verbose wait-all-nodes wckey
    x11
"""
_SHORT = "A b B c C d F G k L m M n N O p q Q s S t v w x"
OWN = frozenset(_SET_BY_QANAT.split())
LONG = frozenset(_LONG.split())
SHORT = frozenset(_SHORT.split())
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)\Z", re.IGNORECASE)
_TIMES = re.compile(r"(\d+(?:\.\d+)?)x\Z")


def name_of(key: str) -> str:
    """Give an option's name without dashes: `--mem`, `mem` and `-p` are `mem`, `mem` and `p`."""
    return key.strip().lstrip("-")


def key_problems(options: Mapping[str, Any]) -> list[str]:
    """List options that qanat sets itself, and those that sbatch does not have (sbatch(1) of Slurm 20 to 24)."""
    found = []
    for key in options:
        name = name_of(key)
        if name in OWN:
            found.append(f"{key}: is set by qanat, and cannot be in a template")
        elif name not in (LONG if len(name) > 1 else SHORT):
            close = nearest(name, LONG)
            found.append(
                f"{key}: is no option of sbatch" + (f"; did you mean --{' or --'.join(close)}?" if close else "")
            )
    return found


def words(options: Mapping[str, Any]) -> list[str]:
    """Write options as words of a command: true is the option alone, false leaves it out, a list has commas."""
    written = []
    for key, value in options.items():
        name = name_of(key)
        if value is False:
            continue
        if value is True or value is None or value == "":
            written.append(f"-{name}" if len(name) == 1 else f"--{name}")
            continue
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        written += ["-" + name + text] if len(name) == 1 else [f"--{name}={text}"]
    return written


def changed(options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """Give options with some set anew; `2x` multiplies an amount or a time that is there. Raises UsageError."""
    result = dict(options)
    for key, value in changes.items():
        present = next((k for k in result if name_of(k) == name_of(key)), None)
        times = _TIMES.match(value)
        if times and present is None:
            raise UsageError(
                f"--set {key}={value}: the run has no {key} to multiply", hint="give a value, such as mem=4G"
            )
        result[present or key] = _multiplied(str(result[present]), float(times[1]), key) if times and present else value
    return result


def _multiplied(value: str, factor: float, key: str) -> str:
    if amount := _AMOUNT.match(value):
        return f"{_whole(float(amount[1]) * factor)}{amount[2]}"
    seconds = _seconds(value)
    if seconds is None:
        raise UsageError(f"--set {key}: {value!r} cannot be multiplied", hint=f"give the value itself: --set {key}=…")
    total = _whole(seconds * factor)
    days, rest = divmod(total, 86_400)
    return f"{days}-{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _whole(number: float) -> int:
    return int(number) if number == int(number) else int(number) + 1


def _seconds(text: str) -> int | None:
    """Read sbatch's times: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]]."""
    days, dash, rest = text.partition("-")
    parts = (rest if dash else text).split(":")
    if not all(p.isascii() and p.isdigit() for p in (*parts, days if dash else "0")) or len(parts) > 3:
        return None
    numbers = [int(p) for p in parts]
    if dash:
        hours, minutes, seconds = [*numbers, 0, 0][:3]
        return int(days) * 86_400 + hours * 3600 + minutes * 60 + seconds
    if len(numbers) == 3:
        return numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    return numbers[0] * 60 + (numbers[1] if len(numbers) == 2 else 0)
