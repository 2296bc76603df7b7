"""Real engines of containers, and an image that needs no network: a root file system of busybox."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.system import processes

# Debian's packages by their programs.
PACKAGES = {
    "ch-run": "charliecloud",
    "podman": "podman",
    "runc": "runc",
    "mksquashfs": "squashfs-tools",
    "busybox": "busybox-static",
}
INSTALL_S = 300
FOLDERS = ("bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr/bin", "var/tmp")
FILES = ("passwd", "group", "hosts", "resolv.conf")
# What lets podman run as root in a container that has no cgroups of its own, as a CI job is.
SETTINGS = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/run"\n'


# Runs only in the image, where there is no bash.
INSIDE = """\
[ ! -e /bin/bash ] || { echo "not inside"; exit 99; }
case $1 in
wait)
    trap 'echo got TERM; echo TERM >>"$QANAT_STORAGE_PATH/heard.txt"; exit 9' TERM
    trap 'echo got INT; exit 9' INT
    echo begun
    while :; do sleep 0.1; done ;;
stay) trap '' TERM; echo begun; while :; do sleep 0.1; done ;;
write) echo 2 >"$2/written" || exit 4 ;;
KILL) kill -KILL $$ ;;
esac
pwd >"$QANAT_STORAGE_PATH/seen.txt"
exit "$1"
"""
# What HTCondor's container universe starts, without an image; HTCondor tries it with a program that exits with 37.
SINGULARITY = """\
#!/bin/sh
printf '%s\\n' "$*" >>"${0%/*}/arguments"
[ "$1" != --version ] || { echo apptainer version 1.3.4; exit; }
until [ $# = 0 ] || [ "${1%.sif}" != "$1" ] || [ "${1%_sandbox}" != "$1" ]; do shift; done
shift
case $1 in /exit_37) exit 37 ;; esac
exec "$@"
"""


class EnginesUnavailable(Exception):
    """The engines cannot be set up here; the message says why, in one line."""


@dataclass(frozen=True)
class Engines:
    """Engines with an image: a folder, a SquashFS file, and a name in a private store of podman."""

    folder: Path

    @property
    def root(self) -> Path:
        """The image as a folder."""
        return self.folder / "image"

    @property
    def squashfs(self) -> Path:
        """The image as a file."""
        return self.folder / "image.sqfs"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make podman use the private store."""
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }

    def podman(self, *words: str) -> str:
        """Run podman and return what it prints."""
        return _called(["podman", *words], self.environment)

    def environment_of(self, user: list[str], folder: Path) -> dict[str, str]:
        """Return the variables that make podman use a store in a folder that has the image, if `user` starts it.

        Without subordinate ids, all files of an image belong to the user.
        """
        made = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
        }
        (folder / "storage.conf").write_text(
            f'{STORAGE.format(folder=folder)}[storage.options.vfs]\nignore_chown_errors = "true"\n'
        )
        self.podman("save", "--quiet", "--output", str(folder / "tiny.tar"), "localhost/tiny")
        environment = self.environment | made
        _called([*user, "podman", "load", "--quiet", "--input", str(folder / "tiny.tar")], environment)
        return environment


def family(record: dict[str, Any]) -> list[int]:
    """List the processes of the first group of a run."""
    return sorted(processes.family("QANAT_JOB", f"{record['submission']['intent']}:0"))


def set_up(folder: Path) -> Engines:
    """Install what is missing, and create the image. Raises EnginesUnavailable."""
    _install()
    engines = Engines(folder)
    for name in FOLDERS:
        (engines.root / name).mkdir(parents=True)
    for name in FILES:
        (engines.root / "etc" / name).touch()
    shutil.copy(shutil.which("busybox") or "", engines.root / "bin/busybox")
    for applet in _called(["busybox", "--list"]).split():
        if applet != "busybox":
            (engines.root / "bin" / applet).symlink_to("busybox")
    (folder / "containers.conf").write_text(SETTINGS)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    _called(["mksquashfs", str(engines.root), str(engines.squashfs), "-quiet", "-no-progress"])
    _called(["tar", "-C", str(engines.root), "-cf", str(folder / "image.tar"), "."])
    engines.podman("import", "--quiet", str(folder / "image.tar"), "localhost/tiny")
    return engines


def _install() -> None:
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise EnginesUnavailable(f"not installed, and only root can: apt-get install {' '.join(missing)}")
    with (Path(tempfile.gettempdir()) / "qanat-engines-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            _called(["apt-get", "-q", *words], {"DEBIAN_FRONTEND": "noninteractive"})


def _called(words: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words, env={**os.environ, **(environment or {})}, capture_output=True, timeout=INSTALL_S, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise EnginesUnavailable(f"{words[0]} failed: {said[-1] if said else done.returncode}")
    return done.stdout.decode()
