"""sbatch's options: which a template may have, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.domain.names import nearest

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
