"""Runs in real containers on real schedulers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.container_engines import INSIDE, Engines, family
from tests.cluster.htcondor_pool import as_nobody
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster, wait_until
from tests.cluster.slurm_project import OnSlurm


def _defined(cluster: OnCluster, image: str) -> None:
    """Define the experiment; without privileges, podman cannot bind /dev/mqueue where there is none."""
    cluster.experiment("inside", INSIDE)
    if image == "localhost/tiny" and not Path("/dev/mqueue").exists():
        path = cluster.root / ".qanat/experiments/inside.yaml"
        path.write_text(f"{path.read_text()}container: {{image: {image}, options: [--ipc=private]}}\n")
        cluster.commit("container")


def _runs_inside(cluster: OnCluster, image: str, *words: str) -> None:
    """Submit a run in a container."""
    _defined(cluster, image)
    cluster.submit("inside", "--container", image, *words, "-R", "pos_0 0,3")
    first, second = cluster.wait_for_states("finished", "failed")
    assert (first["exit_code"], second["exit_code"]) == (0, 3)
    assert (cluster.storage("inside", 1, 0) / "seen.txt").exists()
    assert cluster.shown()["container"]["image"] == image


def _ends_inside(cluster: OnCluster, image: str, *words: str) -> None:
    """Submit a run in a container, and cancel it."""
    cluster.submit("inside", "--container", image, *words, "wait")
    out = cluster.storage("inside", 2) / "stdout.txt"
    wait_until(lambda: out.exists() and "begun" in out.read_text())
    cluster.qanat("cancel", "2")
    cluster.wait_for_states("cancelled", run=2)
    wait_until(lambda: family(cluster.record(2)) == [])
    # What podman does not pass on before it is killed is not seen in stdout.
    assert (out.parent / "heard.txt").read_text().startswith("TERM\n")


@pytest.mark.xdist_group("third slurm")
def test_containers_run_and_end_on_slurm(on_slurm: OnSlurm, engines: Engines) -> None:
    _runs_inside(on_slurm, str(engines.root))
    _ends_inside(on_slurm, str(engines.root))


@pytest.mark.xdist_group("third slurm")
def test_podman_runs_on_slurm(on_slurm: OnSlurm, engines: Engines) -> None:
    _runs_inside(on_slurm, "localhost/tiny")
    _ends_inside(on_slurm, "localhost/tiny")


@pytest.mark.xdist_group("third slurm")
def test_podman_on_slurm_leaves_nothing_of_a_program_that_does_not_want_to_end(
    on_slurm: OnSlurm, engines: Engines
) -> None:
    on_slurm.experiment("inside", INSIDE)
    on_slurm.submit("inside", "--container", "localhost/tiny", "stay")
    out = on_slurm.storage("inside", 1) / "stdout.txt"
    wait_until(lambda: out.exists() and "begun" in out.read_text())
    assert family(on_slurm.record(1)) != []
    on_slurm.qanat("cancel", "1")
    on_slurm.wait_for_states("cancelled")
    wait_until(lambda: family(on_slurm.record(1)) == [])
    assert engines.podman("ps", "--all", "--quiet") == ""


@pytest.mark.xdist_group("fourth htcondor")
def test_containers_run_and_end_on_htcondor(on_pool: OnPool, engines: Engines) -> None:
    _runs_inside(on_pool, str(engines.root))
    _ends_inside(on_pool, str(engines.root))


@pytest.mark.xdist_group("fourth htcondor")
def test_podman_runs_and_ends_on_htcondor_without_ids_of_its_user(
    on_pool: OnPool, engines: Engines, tmp_path: Path
) -> None:
    folder = tmp_path / "podman"
    folder.mkdir()
    environment = engines.environment_of(as_nobody()[0], folder)
    text = " ".join(f"{name}='{value}'" for name, value in environment.items())
    on_pool.template("podman", f"environment: '\"{text.replace(chr(39), chr(39) * 2)}\"'\n")
    words = ("--submit-template", "podman")
    _runs_inside(on_pool, "localhost/tiny", *words)
    _ends_inside(on_pool, "localhost/tiny", *words)


@pytest.mark.xdist_group("fourth htcondor")
def test_htcondor_gets_the_image_of_the_container_universe(on_pool: OnPool, tmp_path: Path) -> None:
    """No machine of the pool has an engine, so that the job waits."""
    image = tmp_path / "a b.sif"
    image.write_text("one")
    on_pool.experiment("inside", INSIDE)
    on_pool.template("universe", "universe: container\n")
    on_pool.submit("inside", "--submit-template", "universe", "--container", str(image), "0")
    job = on_pool.job("ContainerImage", "WantContainer")
    assert (job["ContainerImage"], job["WantContainer"]) == (str(image), True)
    record = on_pool.record()
    assert record["container"]["engine"] == "htcondor"
    assert record["container"]["identity"].startswith("sha256:")
    assert record["runner"]["options"] == {"universe": "container"}
    on_pool.qanat("cancel", "1")
    on_pool.wait_for_states("cancelled")
    image.write_text("two")
    assert f"warning: image {image} is not the one of run 1" in on_pool.qanat("rerun", "1").err
    assert on_pool.job("ContainerImage", run=2)["ContainerImage"] == str(image)


@pytest.mark.xdist_group("fourth htcondor")
def test_a_job_of_the_container_universe_is_started_in_the_image(
    on_pool_with_singularity: tuple[OnPool, Path], tmp_path: Path
) -> None:
    on_pool, arguments = on_pool_with_singularity
    image = tmp_path / "a b.sif"
    image.write_text("one")
    on_pool.experiment("look", 'echo "looks at $1"; exit "$2"\n')
    on_pool.template("universe", "universe: container\n")
    on_pool.submit("look", "--submit-template", "universe", "--container", str(image), "a b", "3")
    (group,) = on_pool.wait_for_states("failed")
    assert group["exit_code"] == 3
    storage = on_pool.storage("look", 1)
    assert (storage / "stdout.txt").read_text() == "looks at a b\n"
    (started,) = [line for line in arguments.read_text().splitlines() if "job.sh" in line]
    # HTCondor itself binds the directory of the run, but not the code.
    assert f"-B {storage} " in started
    assert f" {image} /bin/sh {storage}/job.sh {storage} 1 0" in started
