"""Runs in real containers on this machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cluster.container_engines import INSIDE, Engines, family
from tests.cluster.on_cluster import wait_until
from tests.support.pages import ROOT, commands_of
from tests.support.reader import Reader, report
from tests.support.sandbox import Sandbox
from tests.support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.xdist_group("containers")


def images(engines: Engines) -> list[str]:
    """Return one image for each engine."""
    return [str(engines.root), str(engines.squashfs), "localhost/tiny"]


@pytest.fixture
def project(sandbox: Sandbox, engines: Engines) -> Sandbox:
    """Return a project with data, and an experiment for an image."""
    sandbox.write(".git/info/exclude", "/results/\n/data/\n")
    sandbox.write("data/1", "1")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data")
    sandbox.experiment("inside", INSIDE, datasets=["iris"])
    return sandbox


def test_files_codes_and_signals_come_through_every_engine(project: Sandbox, engines: Engines) -> None:
    for number, image in enumerate(images(engines), 1):
        project.qanat("run", "--container", image, "inside", "-R", "pos_0 0,3,KILL", "-j", "3", code=1)
        record = project.record(number)
        ends = [(group["state"], group.get("exit_code"), group.get("signal")) for group in record["groups"]]
        killed = {str(engines.root): (None, signal.SIGKILL), str(engines.squashfs): (1, None)}.get(image, (137, None))
        assert ends == [("finished", 0, None), ("failed", 3, None), ("failed", *killed)]
        file = project.root / f"results/inside/run_{number}/group_0/seen.txt"
        assert file.read_text() == f"{project.root}\n"
        assert file.stat().st_uid == os.geteuid()
        assert record["container"]["identity"].startswith("sha256:")
    engine = [record["container"]["engine"] for record in project.records()]
    assert engine == ["charliecloud", "charliecloud", "podman"]


def test_a_container_ends_with_its_run(project: Sandbox, engines: Engines) -> None:
    for number, image in enumerate((str(engines.root), "localhost/tiny"), 1):
        process = project.start("run", "--container", image, "inside", "wait")
        out = project.root / f"results/inside/run_{number}/stdout.txt"
        wait_until(lambda out=out: out.exists() and "begun" in out.read_text())
        assert project.qanat("logs", str(number)).out.startswith("begun\n")
        assert project.qanat("cancel", str(number)).out == f"Run {number} of inside cancelled\n"
        process.communicate(timeout=60)
        assert out.read_text() == "begun\ngot TERM\n"
        assert family(project.record(number)) == []


def test_ctrl_c_reaches_what_is_in_a_container(project: Sandbox, engines: Engines) -> None:
    for number, image in enumerate(images(engines), 1):
        with Terminal(project.root, "run", "--container", image, "inside", "wait") as screen:
            screen.see("begun")
            screen.press(CTRL_C)
            screen.see(f"Run {number} of inside cancelled")
            screen.ends(130)
        record = project.record(number)
        assert (record["state"], family(record)) == ("cancelled", [])
        heard = (project.root / f"results/inside/run_{number}/stdout.txt").read_text()
        assert heard == "begun\ngot INT\n"
    # A process of podman's own removes a container after its end.
    wait_until(lambda: engines.podman("ps", "--all", "--quiet") == "")


def test_a_container_ends_if_qanat_was_killed_and_it_does_not_want_to(project: Sandbox, engines: Engines) -> None:
    process = project.start("run", "--container", "localhost/tiny", "inside", "wait")
    out = project.root / "results/inside/run_1/stdout.txt"
    wait_until(lambda: out.exists() and "begun" in out.read_text())
    process.kill()
    process.communicate(timeout=60)
    record = project.record(1)
    assert family(record) != []
    project.qanat("cancel", "1")
    assert project.record(1)["state"] == "cancelled"
    assert family(record) == []


def test_data_can_only_be_read_unless_they_are_writable(project: Sandbox, engines: Engines) -> None:
    data = str(project.root / "data")
    command = ("run", "--container", "localhost/tiny", "inside", "write", data)
    project.qanat(*command, code=1)
    assert "Read-only file system" in (project.root / "results/inside/run_1/stderr.txt").read_text()
    project.write(".qanat/datasets/iris.yaml", "schema: dataset/1\nname: iris\npath: data\nwritable: true\n")
    project.commit()
    project.qanat(*command, code=1)
    assert (project.root / "data/written").exists()


def test_a_recipe_is_built_once_for_each_content(project: Sandbox, engines: Engines) -> None:
    project.write("Dockerfile", "FROM localhost/tiny\nCOPY data/1 /one\n")
    project.experiment("look", "cat /one\n")
    project.qanat("run", "--container", "Dockerfile", "look", "--dry-run")
    assert "localhost/qanat" not in engines.podman("images")
    for _ in range(2):
        assert project.qanat("run", "--container", "Dockerfile", "look").out == "1"
    first, second = project.records()
    assert first["container"] == second["container"]
    assert engines.podman("images").count("localhost/qanat") == 1
    project.write("data/1", "2")
    assert project.qanat("run", "--container", "Dockerfile", "look").out == "2"
    again = project.qanat("rerun", "1")
    assert again.out == "1"
    assert "warning: image" not in again.err


def test_a_plan_of_an_image_that_is_not_built_yet_can_be_run(project: Sandbox, engines: Engines) -> None:
    project.write("Dockerfile", "FROM localhost/tiny\nCOPY data/1 /planned\n")
    project.write(".git/info/exclude", "/results/\n/data/\n/plan.yaml\n")
    project.experiment("look", "cat /planned\n")
    project.qanat("plan", "--out", "plan.yaml", "--container", "Dockerfile", "look")
    project.qanat("run", "--plan", "plan.yaml", "--dry-run")
    assert project.qanat("run", "--plan", "plan.yaml").out == "1"
    assert project.qanat("run", "--plan", "plan.yaml").out == "1"


def test_an_archive_is_loaded_once(project: Sandbox, engines: Engines) -> None:
    archive = project.root.parent / "tiny.tar"
    engines.podman("save", "--quiet", "--output", str(archive), "localhost/tiny")
    project.qanat("run", "--container", str(archive), "inside", "0")
    assert project.record(1)["container"]["engine"] == "podman"
    assert (project.root / "results/inside/run_1/seen.txt").exists()


def test_an_image_that_is_missing_or_lacks_a_folder_is_refused(project: Sandbox, engines: Engines) -> None:
    missing = project.qanat("run", "--container", "localhost/nothing", "inside", "0", code=2).err
    assert missing == "qanat: podman has no image 'localhost/nothing'\n  hint: images that it has: podman images\n"
    text = (project.root / ".qanat/experiments/inside.yaml").read_text()
    container = f"container: {{image: {engines.root}, binds: ['/usr/share']}}\n"
    project.write(".qanat/experiments/inside.yaml", text + container)
    project.commit()
    refused = project.qanat("run", "inside", "0", code=2).err
    assert f"qanat: charliecloud cannot start image {engines.root}: " in refused
    assert "can't mkdir" in refused
    assert f"hint: create what the image lacks: mkdir -p {engines.root}/usr/share\n" in refused
    assert project.records() == []
    assert not (project.root / "results/inside/run_1").exists()


def test_every_command_of_the_page_works_and_what_it_shows_is_what_comes_out(tmp_path: Path, engines: Engines) -> None:
    page = ROOT / "docs/containers.md"
    assert len(commands_of(page)) >= 25
    reader = Reader(tmp_path / "ada")
    reader.read(page)
    assert report(reader) == ""
