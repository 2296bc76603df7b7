"""The clusters that the tests set up: alone, beside others, and without leaving anything behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.on_cluster import wait_until
from tests.cluster.slurm_cluster import Cluster, ClusterUnavailable, install, running_cluster, sweep

pytestmark = pytest.mark.xdist_group("fourth slurm")

ROOT = Path(__file__).parents[2]
PLAIN = "from tests.cluster.conftest import slurm\n\ndef test_it(slurm):\n    pass\n"
REASON = "Slurm's packages cannot be had: this machine has no apt-get"


def without_apt(folder: Path) -> str:
    """Set a PATH with the programs of a plain machine, without apt-get and Slurm."""
    folder.mkdir()
    for name in ("sh", "git", "env"):
        path = shutil.which(name)
        assert path is not None
        (folder / name).symlink_to(path)
    return str(folder)


def test_two_clusters_are_up_at_the_same_time_and_one_goes_without_the_other(slurm: Cluster) -> None:
    with running_cluster() as other:
        assert other.folder != slurm.folder
        daemons = dict(other.daemons)
        assert sorted(daemons) == ["munged", "slurmctld", "slurmd"]
        job = other.run("sbatch", "--parsable", "-o", "/dev/null", "--begin=now+1hour", stdin="#!/bin/sh\n")
        assert other.squeue("%j %i", "-j", job) == [f"sbatch {job}"]
        assert f"sbatch {job}" not in slurm.squeue("%j %i")
    assert not other.folder.exists()
    assert [name for name, daemon in daemons.items() if daemon.poll() is None] == []
    assert slurm.is_ready()


def test_after_a_crash_no_job_gets_a_number_that_the_node_may_still_have(slurm: Cluster) -> None:
    words = ("sbatch", "--parsable", "-o", "/dev/null", "--chdir", "/")
    slurm.get_ready()
    before = [int(slurm.run(*words, "--begin=now+1hour", stdin="#!/bin/sh\n")) for _ in range(3)]
    slurm.kill_controller()
    slurm.start_controller()
    slurm.get_ready()
    job = slurm.run(*words, stdin="#!/bin/sh\n")
    assert int(job) > max(before)
    wait_until(lambda: slurm.squeue("%T %r", "-j", job) == ["COMPLETED None"])
    slurm.run("scancel", "--full", "-u", str(os.getuid()))


def test_tests_of_one_cluster_are_kept_together(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("not one of several processes that run tests by groups")
    assert request.node.nodeid.endswith("@fourth slurm")


def test_one_cluster_has_accounting_and_the_other_has_none(slurm: Cluster, slurm_with_accounting: Cluster) -> None:
    assert "disabled" in slurm.errors("sacct")
    assert slurm_with_accounting.errors("sacct") == ""
    assert "tests" in slurm_with_accounting.run("sacctmgr", "-n", "-P", "list", "cluster", "format=cluster")


def test_what_is_left_of_clusters_whose_owner_was_killed_is_removed(slurm: Cluster) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    left, kept = (Path(f"/tmp/qanat-slurm-test-{os.getpid()}-{n}") for n in "ab")
    for folder, pid in ((left, gone.pid), (kept, os.getpid())):
        folder.mkdir()
        (folder / "owner").write_text(f"{pid}\n")
    try:
        sweep()
        assert not left.exists()
        assert kept.exists()
        assert slurm.folder.exists()
    finally:
        shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(kept)


def test_where_the_packages_cannot_be_had_one_line_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", without_apt(tmp_path / "bin"))
    with pytest.raises(ClusterUnavailable) as raised:
        install(("slurmctld",))
    assert str(raised.value) == REASON


@pytest.mark.parametrize(("value", "code", "said"), [("", 0, "1 skipped"), ("require", 1, "1 error")])
def test_the_tests_are_skipped_then_unless_clusters_are_required(
    tmp_path: Path, value: str, code: int, said: str
) -> None:
    file = tmp_path / "test_plain.py"
    file.write_text(PLAIN)
    surroundings = {"QANAT_TEST_CLUSTERS": value, "PATH": without_apt(tmp_path / "bin")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsE", "-p", "no:cacheprovider", str(file)],
        cwd=ROOT,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
    assert [line for line in done.stdout.splitlines() if line.endswith(REASON)], done.stdout
