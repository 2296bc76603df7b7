"""The pool that the tests set up: alone, beside others, and without leaving anything behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import htcondor_pool
from tests.cluster.htcondor_pool import Pool, PoolUnavailable, running_pool

pytestmark = pytest.mark.xdist_group("another htcondor")

ROOT = Path(__file__).parents[2]
PLAIN = "from tests.cluster.conftest import pool\n\ndef test_it(pool):\n    pass\n"


def without_apt(folder: Path) -> str:
    """Set a PATH with the programs of a plain machine, without apt-get."""
    folder.mkdir()
    for name in ("sh", "readlink", "mkdir"):
        path = shutil.which(name)
        assert path is not None
        (folder / name).symlink_to(path)
    return str(folder)


def test_two_pools_are_up_at_the_same_time_and_one_goes_without_the_other(pool: Pool) -> None:
    with running_pool() as other:
        assert other.folder != pool.folder
        pids = [other.daemon(name) for name in ("MASTER", "SCHEDD", "STARTD", "COLLECTOR")]
        mine, theirs = ((p.folder / "log/.schedd_address").read_text() for p in (pool, other))
        assert mine != theirs
        other.tool("condor_q")
    assert not other.folder.exists()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    pool.tool("condor_q")


def test_where_the_packages_cannot_be_had_one_line_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", without_apt(tmp_path / "bin"))
    with pytest.raises(PoolUnavailable) as raised:
        htcondor_pool.obtain()
    assert str(raised.value) == "HTCondor's packages cannot be had: this machine has no apt-get"


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [("", 0, "1 skipped"), ("require", 1, "1 error")],
)
def test_the_tests_are_skipped_then_unless_clusters_are_required(
    tmp_path: Path, value: str, code: int, said: str
) -> None:
    file = tmp_path / "test_plain.py"
    file.write_text(PLAIN)
    surroundings = {
        "QANAT_TEST_CLUSTERS": value,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": without_apt(tmp_path / "bin"),
    }
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
    reason = "HTCondor's packages cannot be had: this machine has no apt-get"
    assert [line for line in done.stdout.splitlines() if line.endswith(reason)], done.stdout


def test_what_is_left_of_pools_whose_owner_was_killed_is_removed(pool: Pool) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    left, kept = (Path(f"/tmp/qanat-pool-test-{os.getpid()}-{n}") for n in "ab")
    for folder, pid in ((left, gone.pid), (kept, os.getpid())):
        folder.mkdir()
        (folder / "owner").write_text(f"{pid} {gone.pid}\n")
    try:
        htcondor_pool.sweep()
        assert not left.exists()
        assert kept.exists()
        assert pool.folder.exists()
    finally:
        shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(kept)


def test_a_master_that_has_outlived_its_owner_is_ended_and_no_other_process() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    folder = Path(f"/tmp/qanat-pool-test-{os.getpid()}-c")
    folder.mkdir()
    own = {**os.environ, "CONDOR_CONFIG": str(folder / "condor_config")}
    with (
        subprocess.Popen(["sleep", "300"], env=own) as master,
        subprocess.Popen(["sleep", "300"], env=own | {"CONDOR_CONFIG": "/etc/condor/condor_config"}) as other,
    ):
        try:
            for process in (other, master):
                (folder / "owner").write_text(f"{gone.pid} {process.pid}\n")
                htcondor_pool.sweep()
            assert master.wait(60) == -signal.SIGQUIT
            assert other.poll() is None
            htcondor_pool.sweep()
            assert not folder.exists()
        finally:
            master.kill()
            other.kill()
            shutil.rmtree(folder, ignore_errors=True)
