"""What the options of a scheduler ask for, so that a change of one can be put into a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Request(StrEnum):
    """Something that an option asks for; the value is its name in sentences."""

    CPUS = "CPUs"
    GPUS = "GPUs"
    TASKS = "tasks"
    NODES = "nodes"
    MEMORY = "memory"
    MEMORY_PER_CPU = "memory per CPU"
    MEMORY_PER_GPU = "memory per GPU"
    DISK = "disk"
    RESOURCES = "the resources"
    TIME = "time"
    PARTITION = "the partition"
    ACCOUNT = "the account"
    QUALITY_OF_SERVICE = "the quality of service"
    RESERVATION = "the reservation"
    UNIVERSE = "the universe"
    CONTAINER = "the container"


AMOUNTS = frozenset({Request.CPUS, Request.GPUS, Request.TASKS, Request.NODES})
SIZES = frozenset({Request.MEMORY, Request.MEMORY_PER_CPU, Request.MEMORY_PER_GPU, Request.DISK, Request.RESOURCES})
# By option, without the dashes before its name.
Requests = Mapping[str, Request]
