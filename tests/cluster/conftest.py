"""Real clusters for the tests. Without one, its tests are skipped, or fail if QANAT_TEST_CLUSTERS=require."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.container_engines import SINGULARITY, Engines, EnginesUnavailable, set_up
from tests.cluster.htcondor_apart import ApartPool
from tests.cluster.htcondor_pool import Pool, PoolUnavailable, running_pool
from tests.cluster.htcondor_project import NEVER, OnPool
from tests.cluster.slurm_cluster import Cluster, ClusterUnavailable, running_cluster
from tests.cluster.slurm_project import OnSlurm

# Read now: the tests' own surroundings have no such variable.
WANTED = os.environ.get("QANAT_TEST_CLUSTERS", "")
REQUIRED = WANTED == "require"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let two processes use the Slurm clusters with and without accounting; each module's own group stays together.

    The groups of modules are such that none takes much longer than the others: each has a cluster of its own.
    """
    for item in items:
        chosen = getattr(item, "callspec", None)
        on_either = chosen.params.get("on_either") if chosen else None
        if on_either == "on_accounting" or "on_accounting" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("accounting"))


def without(reason: str) -> None:
    """Skip a test whose cluster cannot be set up, or let it fail if clusters are required."""
    if REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _check_wanted() -> None:
    if WANTED == "off":
        pytest.skip("clusters are switched off: QANAT_TEST_CLUSTERS=off")


@pytest.fixture(scope="session")
def disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Yield a folder in /tmp, which containers share with the machine; it stays if a test has failed.

    Nobody waits until it is gone, which takes a minute on a disk.
    """
    folder = Path(tempfile.mkdtemp(prefix="qanat-clusters-", dir="/tmp"))
    yield folder
    if not request.session.testsfailed:
        subprocess.run(["sh", "-c", 'setsid rm -rf -- "$0" </dev/null >/dev/null 2>&1 &', folder], check=True)


@pytest.fixture
def tmp_path(disk: Path, request: pytest.FixtureRequest) -> Path:
    """Return a folder for the test on the disk, as users of clusters have theirs, and not in memory."""
    return Path(tempfile.mkdtemp(prefix=re.sub(r"\W", "_", request.node.name)[:30], dir=disk))


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """Yield a real HTCondor pool."""
    _check_wanted()
    if importlib.util.find_spec("htcondor2") is None:
        without("HTCondor's Python bindings are not installed")
    try:
        with running_pool() as running:
            yield running
    except PoolUnavailable as error:
        without(str(error))


@pytest.fixture
def on_pool(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnPool]:
    """Yield a project that finds the pool and its tools; at the end, nothing of it is left in the queue."""
    monkeypatch.setenv("CONDOR_CONFIG", str(pool.config))
    monkeypatch.setenv("PATH", str(pool.programs / "bin"), prepend=os.pathsep)
    yield OnPool.make_beside(tmp_path / "my project", pool)
    pool.tool("condor_rm", "-all", check=False)
    pool.tool("condor_rm", "-all", "-forcex", check=False)


@pytest.fixture(scope="session")
def apart_pool() -> Iterator[Pool]:
    """Yield a real HTCondor pool whose jobs see no file of the submit side."""
    _check_wanted()
    if os.geteuid() != 0:
        pytest.skip("only root can start a pool whose jobs are another user's")
    try:
        with running_pool(ApartPool) as running:
            yield running
    except PoolUnavailable as error:
        without(str(error))


@pytest.fixture
def apart(apart_pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnPool]:
    """Yield a project in a private folder whose default template has its files transferred."""
    for name, value in apart_pool.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", str(apart_pool.programs / "bin"), prepend=os.pathsep)
    made = OnPool.make_beside(tmp_path / "my project", apart_pool)
    made.template("default", "request_cpus: 1\n", "transfer: true\n")
    made.template("never", NEVER, "transfer: true\n")
    yield made
    apart_pool.tool("condor_rm", "-all", check=False)
    apart_pool.tool("condor_rm", "-all", "-forcex", check=False)


@pytest.fixture
def on_pool_with_singularity(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[OnPool, Path]]:
    """Yield a project on a pool of its own that has a stub of singularity, and the file with the stub's arguments."""
    stub = tmp_path / "singularity"
    stub.write_text(SINGULARITY)
    stub.chmod(0o755)
    monkeypatch.setenv("_CONDOR_SINGULARITY", str(stub))
    with running_pool() as own:
        monkeypatch.setenv("CONDOR_CONFIG", str(own.config))
        monkeypatch.setenv("PATH", str(own.programs / "bin"), prepend=os.pathsep)
        yield OnPool.make_beside(tmp_path / "my project", own), tmp_path / "arguments"


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """Yield a real Slurm cluster without accounting."""
    yield from _cluster(accounting=False)


@pytest.fixture(scope="session")
def slurm_with_accounting() -> Iterator[Cluster]:
    """Yield a real Slurm cluster with slurmdbd."""
    yield from _cluster(accounting=True)


def _cluster(*, accounting: bool) -> Iterator[Cluster]:
    _check_wanted()
    try:
        with running_cluster(accounting=accounting) as running:
            yield running
    except ClusterUnavailable as error:
        without(str(error))


@pytest.fixture
def on_slurm(slurm: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnSlurm]:
    """Yield a project that finds the cluster without accounting; at the end, nothing of it is left in the queue."""
    yield from _beside(slurm, tmp_path, monkeypatch)


@pytest.fixture
def on_accounting(slurm_with_accounting: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnSlurm]:
    """Yield a project that finds the cluster with accounting."""
    yield from _beside(slurm_with_accounting, tmp_path, monkeypatch)


@pytest.fixture(params=["on_slurm", "on_accounting"], ids=["without accounting", "with accounting"])
def on_either(request: pytest.FixtureRequest) -> OnSlurm:
    """Return a project on the one cluster, then on the other."""
    project: OnSlurm = request.getfixturevalue(request.param)
    return project


def _beside(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnSlurm]:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    cluster.get_ready()
    yield OnSlurm.make_beside(tmp_path / "my project", cluster)
    cluster.run("scancel", "--full", "-u", str(os.getuid()))


@pytest.fixture(scope="session")
def all_engines(disk: Path) -> Engines:
    """Return real engines of containers with an image."""
    _check_wanted()
    try:
        return set_up(disk / "engines")
    except EnginesUnavailable as error:
        without(str(error))
        raise


@pytest.fixture
def engines(all_engines: Engines, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """Return real engines that every command finds."""
    for name, value in all_engines.environment.items():
        monkeypatch.setenv(name, value)
    return all_engines
