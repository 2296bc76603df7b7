"""podman."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from qanat.containers.oci import OciEngine
from qanat.errors import InputInvalid
from qanat.system import files

# subuid(5): lines such as ada:100000:65536, which begin with the name or the number of a user.
SUBORDINATE = Path("/etc/subuid")


class Podman(OciEngine):
    """Starts programs with podman, which needs no daemon."""

    gpu_options: ClassVar[tuple[str, ...]] = ("--device", "nvidia.com/gpu=all")

    def as_user(self) -> tuple[str, ...]:
        """Return the options with which files belong to the user, who without privileges is root inside by default.

        Without ids of their own for it, users can only be root inside, which is themselves outside.
        """
        if os.geteuid() == 0:
            return OciEngine.as_user(self)
        return ("--userns", "keep-id") if _has_ids() else ("--userns", "host")


def _has_ids() -> bool:
    """Return whether this user has subordinate ids."""
    uid = os.geteuid()
    with suppress(KeyError, InputInvalid):
        names = {str(uid), pwd.getpwuid(uid).pw_name}
        lines = files.read(SUBORDINATE).decode("utf-8", "replace").splitlines()
        return any(line.partition(":")[0] in names for line in lines)
    return False


def podman() -> Podman:
    """Return podman."""
    return Podman("podman")
