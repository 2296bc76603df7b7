"""sbatch's options: which ones a template may have, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qanat.domain.names import nearest
from qanat.runners.submitting.job_script import Stopping

# Options that qanat sets itself and a template must not set.
_SET_BY_QANAT = """
    array job-name output error input chdir parsable wrap open-mode test-only wait help usage version
"""
_LONG = """
    account acctg-freq batch bb bbf begin cluster-constraint clusters comment constraint container container-id
    contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency
    distribution exclude exclusive export export-file extra extra-node-info get-user-env gid gpu-bind gpu-freq gpus
    gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint hold ignore-pbs kill-on-invalid-dep licenses
    mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice no-kill no-requeue
    nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket oom-kill-step
    overcommit oversubscribe partition power prefer priority profile propagate qos quiet reboot requeue reservation
    resv-ports segment signal sockets-per-node spread-job stepmgr switches thread-spec threads-per-core time time-min
    tmp tres-bind tres-per-task uid use-min-nodes verbose wait-all-nodes wckey x11
"""
_SHORT = """
    A account a array B extra-node-info b begin C constraint c cpus-per-task D chdir d dependency e error F nodefile
    G gpus H hold h help i input J job-name k no-kill L licenses M clusters m distribution N nodes n ntasks
    O overcommit o output p partition Q quiet q qos S core-spec s oversubscribe t time V version v verbose W wait
    w nodelist x exclude
"""
# shell/README.md in runners/submitting says why it is as it is.
_REQUEUE = Path(__file__).with_name("requeue.sh").read_text()
OWN = frozenset(_SET_BY_QANAT.split())
LONG = frozenset(_LONG.split())
SHORT = dict(zip(_SHORT.split()[::2], _SHORT.split()[1::2], strict=True))


def long_name(key: str) -> str:
    """Return an option's long name: `--mem`, `mem`, `-p` and `p` are `mem`, `mem`, `partition` and `partition`."""
    name = key.strip().lstrip("-")
    return SHORT.get(name, name)


def key_problems(options: Mapping[str, Any]) -> list[str]:
    """List options that qanat sets itself, and those that sbatch does not have (sbatch(1) of Slurm 20 to 24)."""
    found = []
    for key in options:
        name = long_name(key)
        if name in OWN:
            found.append(f"{key}: is set by qanat and cannot be in a template")
        elif name not in LONG:
            close = nearest(name, LONG)
            found.append(
                f"{key}: is not an option of sbatch" + (f"; did you mean --{' or --'.join(close)}?" if close else "")
            )
    return found


def again_problems(options: Mapping[str, Any]) -> list[str]:
    """List options that keep Slurm from queueing a job again."""
    named = [key for key, value in options.items() if long_name(key) == "no-requeue" and value is not False]
    return [f"{key}: keeps Slurm from queueing a group again" for key in named]


def arguments(options: Mapping[str, Any]) -> list[str]:
    """Return options as command-line arguments: true is a bare flag, false omits it, a list is joined by commas."""
    written = []
    for key, value in options.items():
        name = long_name(key)
        if value is False:
            continue
        if value is True or value is None or value == "":
            written.append(f"--{name}")
            continue
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        written.append(f"--{name}={text}")
    return written


def stopping(options: Mapping[str, Any]) -> Stopping:
    """Return how Slurm stops jobs: by a SIGTERM to all processes.

    A template may ask for a SIGTERM to the script alone as a warning, which then has to be passed on.
    """
    name = _signal(options).upper().rpartition(":")[2].partition("@")[0].removeprefix("SIG")
    return Stopping(() if name in ("TERM", "15") else ("TERM",), all_processes=True, requeue=_REQUEUE)


def warnings(options: Mapping[str, Any]) -> list[str]:
    """List what works but is better avoided."""
    text = _signal(options)
    where, _, what = text.upper().rpartition(":")
    if not text or "B" in where:
        return []
    return [f"signal: {text}: Slurm sends it to the steps of srun only; the program gets it with {where}B:{what}"]


def _signal(options: Mapping[str, Any]) -> str:
    return next((str(value) for key, value in options.items() if long_name(key) == "signal" and value), "")


def exported_names(options: Mapping[str, Any]) -> set[str]:
    """Return the variables that the options pass on to jobs by their names."""
    return {part.partition("=")[0].strip() for part in _export(options).split(",")}


def _export(options: Mapping[str, Any]) -> str:
    value = next((value for key, value in options.items() if long_name(key) == "export"), None)
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")


def environment(options: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    """Return the variables that sbatch passes on to jobs: as the options say, else SBATCH_EXPORT, else all."""
    given = {long_name(key): value for key, value in options.items()}
    extra = [f"{name}={given[name]}" for name in ("export-file", "get-user-env") if given.get(name)]
    return ", ".join([str(_export(options) or variables.get("SBATCH_EXPORT") or "ALL"), *extra])
