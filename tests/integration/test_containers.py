"""Runs in containers, with an apptainer that notes its arguments and starts the program without an image.

tests/cluster/test_containers.py has real engines.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

import qanat
from tests.support.sandbox import Sandbox

APPTAINER = """\
#!/bin/sh
printf '%s\\n' "$@" >"${0%/*}/arguments"
until [ "${1%.sif}" != "$1" ]; do shift; done
shift
exec "$@"
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stub of apptainer on the PATH; return the file in which it notes its arguments."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "apptainer").write_text(APPTAINER)
    (folder / "apptainer").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "arguments"


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with an image that git ignores, and an experiment."""
    sandbox.write(".git/info/exclude", "/results/\n/images/\n")
    sandbox.write("images/a.sif", "one")
    sandbox.write("data/1", "1")
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", "data")
    sandbox.experiment("train", 'echo "exit $1"; exit "$1"\n', datasets=["iris"])
    return sandbox


def define(project: Sandbox, container: str) -> None:
    """Let the experiment run in a container."""
    path = project.root / ".qanat/experiments/train.yaml"
    path.write_text(f"{path.read_text()}container: {container}\n")
    project.commit("container")


def test_a_run_in_a_container_is_recorded_shown_and_repeated_with_the_same_image(
    project: Sandbox, engine: Path
) -> None:
    root = project.root
    preview = project.qanat("run", "--container", "a.sif", "--gpu", "--dry-run", "train", "0", cwd=root / "images")
    assert not engine.exists()
    project.qanat("run", "--container", "a.sif", "--gpu", "train", "3", code=1, cwd=root / "images")
    data = f"{root}/data:{root}/data:ro"
    started = engine.read_text().splitlines()
    mounts = ["exec", "--nv", "--bind", f"{root}:{root}", "--bind", data, "--pwd", str(root), f"{root}/images/a.sif"]
    assert started[: len(mounts)] == mounts
    assert preview.out.startswith(f"group 0: apptainer exec --nv --bind '{root}:{root}'")

    record = project.record()
    identity = "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert record["container"] == {"image": "images/a.sif", "engine": "apptainer", "identity": identity, "gpu": True}
    assert record["groups"][0]["exit_code"] == 3
    assert "container" in record["key"]
    assert "environment" not in record
    page = project.qanat("show", "1").out
    assert f"Container: images/a.sif (apptainer, {identity})\n        ◾ --gpu\n" in page
    assert project.qanat("show", "1", "--json").json["container"] == record["container"]

    engine.unlink()
    said = project.qanat("rerun", "1", code=1)
    assert "warning" not in said.err
    assert "--nv" in engine.read_text().splitlines()
    project.qanat("retry", "1", code=1)
    project.write("images/a.sif", "two")
    changed = "image images/a.sif is not the one of run 1: sha256:"
    refused = project.qanat("retry", "1", code=2).err
    assert changed in refused
    assert "hint: repeat the run with the image as it is now: qanat rerun 1\n" in refused
    assert f"warning: {changed}" in project.qanat("rerun", "1", code=1).err
    assert f"warning: {changed}" in project.qanat("rerun", "1", "--head", code=1).err
    assert project.records()[-1]["container"]["identity"] != identity

    table = project.qanat("runs", "--columns", "run,run.container", "--csv").out
    assert f"images/a.sif {identity}" in table
    assert project.qanat("runs", "--where", f"run.container={identity}", "--json").json != []


def test_a_run_whose_image_has_moved_can_be_repeated_with_it(project: Sandbox, engine: Path) -> None:
    project.qanat("run", "--container", "images/a.sif", "train", "0")
    (project.root / "images/a.sif").rename(project.root / "images/b.sif")
    for words in (["rerun", "1"], ["rerun", "1", "--head"], ["retry", "1", "--group", "0"]):
        refused = project.qanat(*words, code=2).err
        assert refused == (
            "qanat: image 'images/a.sif' does not exist; run 1 had it\n"
            f"  hint: there is nothing at {project.root}/images/a.sif; if it is elsewhere, or to use another one: "
            "qanat rerun 1 --container IMAGE\n"
        )
    for words in ([], ["--head"]):
        moved = project.qanat("rerun", "1", "--container", "b.sif", *words, cwd=project.root / "images")
        assert "warning" not in moved.err
        assert project.records()[-1]["container"] == {**project.record(1)["container"], "image": "images/b.sif"}
    other = project.qanat("rerun", "1", "--container", "c.sif", code=2).err
    assert other.startswith("qanat: image 'c.sif' does not exist\n")
    project.write("images/b.sif", "two")
    other = project.qanat("rerun", "1", "--container", "images/b.sif", "--gpu").err
    assert "warning: image images/b.sif is not the one of run 1: sha256:" in other
    assert ", was images/a.sif, sha256:" in other
    assert "; gpu: yes, was no\n" in other
    without = project.qanat("rerun", "1", "--container", "none").err
    assert "warning: no container is used, and run 1 had images/a.sif\n" in without
    last = project.records()[-1]
    assert "container" not in last
    assert "--engine requires a container" in project.qanat("rerun", "5", "--engine", "apptainer", code=2).err
    added = project.qanat("rerun", "5", "--container", "images/b.sif").err
    assert "warning: images/b.sif is used, and run 5 had no container\n" in added
    with pytest.warns(UserWarning, match=r"image images/b\.sif is not the one of run 1"):
        again = qanat.open(project.root).rerun(1, container=project.root / "images/b.sif")
    assert again.container is not None
    assert again.container.image == "images/b.sif"


def test_the_container_of_an_experiment_can_be_replaced_or_left_out(project: Sandbox, engine: Path) -> None:
    project.write("images/b.sif", "other")
    (project.root.parent / "scratch").mkdir()
    define(project, "{image: images/a.sif, binds: [../scratch, 'images:/images:ro'], options: [--cleanenv]}")
    project.qanat("run", "train", "0")
    arguments = engine.read_text()
    assert f"--bind\n{project.root.parent}/scratch:{project.root.parent}/scratch\n" in arguments
    assert f"--bind\n{project.root}/images:/images:ro\n" in arguments
    assert "\n--cleanenv\n" in arguments
    assert f"\n{project.root}/data:{project.root}/data:ro\n" in arguments
    project.qanat("run", "--container", "images/b.sif", "train", "0")
    assert project.records()[-1]["container"]["image"] == "images/b.sif"
    assert "\n--cleanenv\n" in engine.read_text()
    project.write(".qanat/datasets/iris.yaml", "schema: dataset/1\nname: iris\npath: data\nwritable: true\n")
    project.commit("writable")
    project.qanat("run", "train", "0")
    assert f"{project.root}/data:ro" not in engine.read_text()
    engine.unlink()
    project.qanat("run", "--container", "none", "train", "0")
    assert not engine.exists()
    assert "container" not in project.records()[-1]


def test_a_plan_has_the_container_and_is_refused_if_that_has_drifted(project: Sandbox, engine: Path) -> None:
    define(project, "{image: images/a.sif, binds: ['images:/images:ro'], options: [--cleanenv]}")
    definition = (project.root / ".qanat/experiments/train.yaml").read_text()
    project.write(".git/info/exclude", "/results/\n/images/\n/plan.yaml\n")
    project.qanat("plan", "--out", "plan.yaml", "train", "0")
    planned = yaml.safe_load((project.root / "plan.yaml").read_text())["container"]
    project.qanat("run", "--plan", "plan.yaml")
    assert planned == project.record()["container"]

    changed = definition.replace("images:/images:ro", "images:/images").replace("--cleanenv", "--no-home")
    project.write(".qanat/experiments/train.yaml", changed)
    project.commit("other binds and options")
    for words in ([], ["--dry-run"]):
        refused = project.qanat("run", "--plan", "plan.yaml", *words, code=1).err
        both = "container: binds: images:/images, was images:/images:ro; options: --no-home, was --cleanenv\n"
        assert both in refused
    project.qanat("run", "--plan", "plan.yaml", "--needed", "--ignore", "container")
    project.write(".qanat/experiments/train.yaml", definition)
    project.commit("as before")
    (project.root / "images/b.sif").write_text("two")
    refused = project.qanat("run", "--plan", "plan.yaml", "--container", "images/b.sif", code=1).err
    assert "\n  container: images/b.sif, was images/a.sif\n" in refused
    assert (
        "container: none, was images/a.sif\n"
        in project.qanat("run", "--plan", "plan.yaml", "--container", "none", code=1).err
    )


@pytest.mark.usefixtures("engine")
def test_a_plan_with_a_container_has_no_environment_of_this_machine(project: Sandbox) -> None:
    project.write(".git/info/exclude", "/results/\n/images/\n/plan.yaml\n")
    project.write("uv.lock", "")
    define(project, "images/a.sif")
    project.qanat("plan", "--out", "plan.yaml", "train", "0")
    planned = yaml.safe_load((project.root / "plan.yaml").read_text())
    assert "environment" not in {*planned, *planned["key"]}
    project.qanat("run", "--plan", "plan.yaml")
    assert planned["groups"][0]["key"] == project.record()["groups"][0]["key"]
    assert "1 group (1 done)" in project.qanat("run", "--plan", "plan.yaml", "--needed", "--dry-run").out


def test_what_keeps_a_container_from_being_started_is_said_before_anything_is_written(
    project: Sandbox, engine: Path
) -> None:
    before = project.git("rev-parse", "HEAD")

    def refused(*words: str, code: int = 2) -> str:
        return project.qanat("run", *words, "train", "0", code=code).err

    missing = f"qanat: image 'b.sif' does not exist\n  hint: there is nothing at {project.root}/b.sif\n"
    assert missing in refused("--container", "b.sif")
    assert "qanat: image './train.sh' is not an image\n" in refused("--container", "./train.sh")
    assert " does not exist\n" in refused("--container", f"{'x' * 300}.sif")
    assert "qanat: --gpu requires a container\n  hint: add --container IMAGE\n" in refused("--gpu")
    assert "--container none cannot be used with" in refused("--container", "none", "--gpu")
    assert "qanat: --container is empty\n" in refused("--container", "")
    assert "engine 'rkt' does not exist" in refused("--container", "images/a.sif", "--engine", "rkt")
    assert "charliecloud cannot run image images/a.sif" in refused(
        "--container", "images/a.sif", "--engine", "charliecloud"
    )
    assert "singularity is not on PATH" in refused("--container", "images/a.sif", "--engine", "singularity", code=3)
    other = b"04" if os.uname().machine == "x86_64" else b"02"
    head = b"#!/bin/sh\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + other
    (project.root / "images/other.sif").write_bytes(head)
    assert f", and this machine is {os.uname().machine}\n" in refused("--container", "images/other.sif")
    define(project, "{image: images/a.sif, binds: [/nowhere]}")
    assert "qanat: bind '/nowhere': /nowhere does not exist\n" in refused()
    define_again = (project.root / ".qanat/experiments/train.yaml").read_text()
    (project.root.parent / "a:b").mkdir()
    (project.root.parent / "link").symlink_to("a:b")
    binds = {"'/a:/b:/c'": "is not SOURCE or SOURCE:TARGET", "'/tmp:tmp'": "tmp, which is not an absolute path"}
    for bind, problem in (binds | {"../link": f"bind '../link': {project.root.parent}/a:b contains a colon"}).items():
        project.write(".qanat/experiments/train.yaml", define_again.replace("/nowhere", bind))
        project.commit("another bind")
        assert problem in refused()
    token = "--env=TOKEN=ghp_" + "A1b2C3d4E5" * 3 + "F6g7H8"
    project.write(".qanat/experiments/train.yaml", define_again.replace("binds: [/nowhere]", f"options: ['{token}']"))
    project.git("add", "-A")
    project.git("commit", "-qm", "token", "--no-verify")
    assert "looks like" in refused()
    assert project.git("rev-list", "--count", f"{before.strip()}..HEAD").strip() == "5"
    assert not engine.exists()
    assert project.records() == []


def test_a_container_can_be_asked_for_in_python(project: Sandbox, engine: Path) -> None:
    opened = qanat.open(project.root)
    run = opened.launch("train", ["0"], container={"image": project.root / "images/a.sif", "gpu": True})
    assert run.container is not None
    assert (run.container.image, run.container.engine, run.container.gpu) == ("images/a.sif", "apptainer", True)
    assert opened.launch("train", ["0"], container=project.root / "images/a.sif").container is not None
    assert opened.launch("train", ["0"]).container is None
    with pytest.raises(TypeError, match="container has the unknown keys 'binds'; known: image, engine, gpu"):
        opened.launch("train", ["0"], container={"binds": []})
