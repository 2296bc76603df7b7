"""The HTCondor runner, before it is loaded."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

from qanat.domain.requests import Request
from qanat.runners.about import About


def _path_from(options: Mapping[str, Any], _details: Mapping[str, Any]) -> str:
    """Return where PATH comes from: from `environment`, from the user's shell by `getenv`, or from the machine."""
    texts = {key.strip().lower(): str(value) for key, value in options.items()}
    if re.search(r"\bPATH=", f"{texts.get('environment', '')} {texts.get('env', '')}"):
        return "the environment in their template"
    named = re.findall(r"[^\s,'\[\]]+", f"{texts.get('getenv', '')} {texts.get('get_env', '')}".upper())
    if "TRUE" in named or any(fnmatch.fnmatchcase("PATH", name) for name in named):
        return "the shell that submitted them"
    return "the machine that ran them, since their template has no getenv with PATH"


def _option_name(key: str) -> str:
    from qanat.runners.htcondor import keys  # only for templates that extend others

    return keys.canonical_name(key)


ABOUT = About(
    name="htcondor",
    title="HTCondor",
    place="runner:HTCondorRunner",
    default_template={
        "request_cpus": 1,
        "request_memory": "1GB",
        "request_disk": "1GB",
        "request_gpus": 0,
        "universe": "vanilla",
        # Without it, a job has no PATH of the user's, and no `python` of an activated environment.
        "getenv": "CONDA_PREFIX, HOME, LANG, LD_LIBRARY_PATH, PATH, PYTHONPATH, USER, VIRTUAL_ENV",
    },
    path_from=_path_from,
    option_name=_option_name,
    requests={
        "request_cpus": Request.CPUS,
        "request_gpus": Request.GPUS,
        "request_memory": Request.MEMORY,
        "request_disk": Request.DISK,
        "allowed_execute_duration": Request.TIME,
        "allowed_job_duration": Request.TIME,
        "accounting_group": Request.ACCOUNT,
        "universe": Request.UNIVERSE,
        "container_image": Request.CONTAINER,
        "docker_image": Request.CONTAINER,
    },
)
