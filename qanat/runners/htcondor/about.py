"""The HTCondor runner, before it is loaded."""

from __future__ import annotations

from qanat.domain.requests import Request
from qanat.runners.about import About

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
