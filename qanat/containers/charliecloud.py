"""charliecloud: an unprivileged container from a folder or a SquashFS file. Its program is ch-run."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from pathlib import Path

from qanat.containers import file_images
from qanat.containers.installed import check_installed
from qanat.containers.protocol import PROBE, FoundImage, Image, Inside, Kind
from qanat.errors import RunnerUnavailable, UsageError
from qanat.system import programs

_PATIENCE_S = 60.0


class Charliecloud:
    """Starts programs with ch-run, which becomes the program: signals and exit codes are the program's own."""

    name = "charliecloud"
    takes = frozenset({Kind.FOLDER, Kind.SQUASHFS})

    def check(self) -> None:
        """Raise RunnerUnavailable if ch-run is not on the PATH."""
        check_installed("ch-run")

    def find(self, image: Image, identity: str, *, make: bool) -> FoundImage:
        """Find a folder or a file."""
        return file_images.found(image)

    def command(self, inside: Inside, program: Sequence[str]) -> tuple[str, ...]:
        """Return the command that starts a program; ch-run has no mounts for reading only.

        It needs USER, which jobs of HTCondor lack, and would hide /tmp behind the TMPDIR that they have.
        """
        if inside.gpu:
            raise UsageError(
                "--gpu cannot be used with engine charliecloud",
                hint="prepare the image with ch-fromhost --nvidia, and leave out --gpu",
            )
        binds = [part for mount in inside.mounts for part in ("-b", f"{mount.source}:{mount.target}")]
        start = ("env", "-u", "TMPDIR", f"USER={_user()}", "ch-run")
        return (*start, *binds, "-c", inside.workdir, *inside.options, inside.image, "--", *program)

    def problem(self, inside: Inside) -> str:
        """Return what ch-run says about a container in which a program is started that does not exist."""
        try:
            said = programs.run(self.command(inside, [PROBE]), cwd=Path("/"), timeout_s=_PATIENCE_S)
        except RunnerUnavailable as error:
            return error.message
        return "" if b"execve" in said.err else said.first_error


def charliecloud() -> Charliecloud:
    """Return charliecloud."""
    return Charliecloud()


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
