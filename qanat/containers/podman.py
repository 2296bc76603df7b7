"""podman."""

from __future__ import annotations

import os
from typing import ClassVar

from qanat.containers.oci import OciEngine


class Podman(OciEngine):
    """Starts programs with podman, which needs no daemon."""

    gpu_options: ClassVar[tuple[str, ...]] = ("--device", "nvidia.com/gpu=all")

    def as_user(self) -> tuple[str, ...]:
        """Return the options with which files belong to the user, who without privileges is root inside by default."""
        return OciEngine.as_user(self) if os.geteuid() == 0 else ("--userns", "keep-id")


def podman() -> Podman:
    """Return podman."""
    return Podman("podman")
