"""docker."""

from __future__ import annotations

from typing import ClassVar

from qanat.containers.oci import OciEngine


class Docker(OciEngine):
    """Starts programs with docker, whose daemon has to run."""

    gpu_options: ClassVar[tuple[str, ...]] = ("--gpus", "all")


def docker() -> Docker:
    """Return docker."""
    return Docker("docker")
