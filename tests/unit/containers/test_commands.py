"""The commands of the engines."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from qanat.containers import registry
from qanat.containers.podman import podman
from qanat.containers.protocol import VARIABLES, Inside, Mount
from qanat.errors import UsageError
from tests.support.sandbox import wait_until

INSIDE = Inside(
    image="/images/a b.sif",
    workdir="/home/ada/project",
    mounts=(Mount("/home/ada/project", "/home/ada/project"), Mount("/real/data", "/data", read_only=True)),
    options=("--cleanenv",),
)
GPU = Inside("image", "/", gpu=True)
PROGRAM = ("python", "train.py", "--lr", "0.1")


def test_apptainer_and_singularity_have_one_command_line() -> None:
    for name in ("apptainer", "singularity"):
        found = registry.engine(name).command(INSIDE, PROGRAM)
        binds = ("--bind", "/home/ada/project:/home/ada/project", "--bind", "/real/data:/data:ro")
        where = ("--pwd", "/home/ada/project", "--cleanenv", "/images/a b.sif")
        assert found == (name, "exec", *binds, *where, *PROGRAM)
        assert "--nv" in registry.engine(name).command(GPU, PROGRAM)


def test_a_path_with_a_comma_cannot_be_bound_by_apptainer() -> None:
    with pytest.raises(UsageError, match=r"/a,b cannot be bound by apptainer: it contains a comma"):
        registry.engine("apptainer").command(Inside("a.sif", "/", (Mount("/a,b", "/a,b"),)), PROGRAM)


def test_charliecloud_gets_no_tmpdir_and_a_user() -> None:
    found = registry.engine("charliecloud").command(INSIDE, PROGRAM)
    assert found[:3] == ("env", "-u", "TMPDIR")
    assert found[3].startswith("USER=")
    assert found[3] != "USER="
    binds = ("-b", "/home/ada/project:/home/ada/project", "-b", "/real/data:/data")
    end = ("-c", "/home/ada/project", "--cleanenv", "/images/a b.sif", "--", *PROGRAM)
    assert found[4:] == ("ch-run", *binds, *end)


def test_charliecloud_has_no_option_for_gpus() -> None:
    with pytest.raises(UsageError, match="--gpu cannot be used with engine charliecloud") as caught:
        registry.engine("charliecloud").command(GPU, PROGRAM)
    assert "ch-fromhost --nvidia" in caught.value.hint


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_podman_and_docker_share_all_but_files_with_this_machine(name: str) -> None:
    found = registry.engine(name).command(INSIDE, PROGRAM)
    assert found[:2] == (name, "run")
    assert found[-7:] == ("/home/ada/project", "--cleanenv", "/images/a b.sif", *PROGRAM)
    pairs = set(itertools.pairwise(found))
    shared = {("--pid", "host"), ("--network", "host"), ("--ipc", "host")}
    volumes = {("--volume", "/home/ada/project:/home/ada/project"), ("--volume", "/real/data:/data:ro")}
    # The image's own program would be started before that of the run, and a missing image would be downloaded.
    apart = {("--entrypoint", ""), ("--pull", "never")}
    assert shared | volumes | apart | {("--env", variable) for variable in VARIABLES} <= pairs


def test_a_container_of_a_job_is_stopped_once_its_engine_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    (tmp_path / "docker").write_text(f'#!/bin/sh\necho "$@" >>{calls}\n[ "$1" != run ] || exec sleep 300\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("QANAT_JOB", "0a1b2c:7")
    command = registry.engine("docker").command(Inside("image", "/", in_job=True), PROGRAM)
    with subprocess.Popen(command) as process:
        wait_until(lambda: calls.exists() and "--lr 0.1" in calls.read_text())
        process.kill()
    name = f"qanat-0a1b2c-7-{process.pid}"
    assert calls.read_text().startswith(f"run --name {name} --rm ")
    wait_until(lambda: calls.read_text().splitlines()[1:] == [f"stop -t 3 {name}", f"rm -f {name}"])


def test_files_belong_to_the_user_with_and_without_privileges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getegid", lambda: 0)
    assert podman().as_user() == ("--user", "0:0")
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setattr("qanat.containers.podman.SUBORDINATE", tmp_path / "subuid")
    assert podman().as_user() == ("--userns", "host")
    for text, expected in {"other:1:1\n": "host", "65534:1:1\n": "keep-id", "a:1:1\nnobody:1:1\n": "keep-id"}.items():
        (tmp_path / "subuid").write_text(text)
        assert podman().as_user() == ("--userns", expected)
    assert registry.engine("docker").as_user() == ("--user", "65534:0")  # type: ignore[attr-defined]


def test_gpus_are_given_as_each_engine_does() -> None:
    found = {name: " ".join(registry.engine(name).command(GPU, PROGRAM)) for name in ("podman", "docker")}
    assert "--device nvidia.com/gpu=all" in found["podman"]
    assert "--gpus all" in found["docker"]
