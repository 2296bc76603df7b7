"""The page on environments, command by command, on a real pool and a real cluster."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import venv
from pathlib import Path

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import OnCluster
from tests.cluster.slurm_project import OnSlurm
from tests.support.pages import ROOT, blocks_of
from tests.support.sandbox import PROGRAM, Sandbox

PAGE = ROOT / "docs/environments.md"
FOLDERS = ("/shared", "/scratch")


class Reader(Sandbox):
    """A user who does what the page says, with folders of their own for those that it names."""

    def follow(self, page: Path, runner: str, folder: Path) -> dict[str, str]:
        """Write the page's files and type its commands; return what each command that shows results printed."""
        printed = {}
        for block in blocks_of(page):
            text = re.sub("|".join(FOLDERS), lambda match: f"{folder}{match[0]}", block.text)
            if "file" in block.remarks:
                self.write(block.remarks["file"], text)
            elif block.kind == "console":
                commands = [line.removeprefix("$ ") for line in text.replace("htcondor", runner).splitlines()]
                for number, command in enumerate(commands, 1):
                    code = int(block.remarks.get("exit code", 0)) if number == len(commands) else 0
                    printed[command] = self.types(command, code)
        return printed

    def types(self, command: str, code: int) -> str:
        """Type a command at a shell; return all that it printed."""
        done = subprocess.run(
            f'qanat() {{ {shlex.join(PROGRAM)} "$@"; }}\n{command}',
            shell=True,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}"
        return done.stdout


def try_page(cluster: OnCluster, tmp_path: Path) -> None:
    """Follow the page in a new project, and see that each run says what the page promises."""
    folder = tmp_path / "disks"
    own, shared = folder / "own", folder / "shared/venv"
    for environment in (own, shared):
        venv.create(environment, symlinks=True)
    (folder / "shared/data/flowers").mkdir(parents=True)
    (folder / "scratch").mkdir()
    reader = Reader.make(tmp_path / "train")
    os.environ["PATH"] = f"{own / 'bin'}:{os.environ['PATH']}"
    printed = reader.follow(PAGE, cluster.runner, folder)
    results = reader.root / "results/train"
    logs = [printed.get(f"qanat logs {number}", "") for number in range(9)]
    assert f"Python of {own}\narguments ['--lr', '0.1', '--storage_path', '{results}/run_1']\n" in logs[1]
    copy = f"{results}/run_2/parameters_files/model.yaml"
    assert f"['--config', '{copy}', " in logs[2]
    assert f"parameters file {copy}\n" in logs[2]
    assert f"Python of {shared}\n" in (results / "run_3/stdout.txt").read_text()
    missing = reader.qanat("show", "4").out
    assert "exit code 127: python4 was not found; see results/train/run_4/stderr.txt\n" in missing
    assert f"    qanat: PATH is {own / 'bin'}:"[:200] in missing
    assert "on the PATH of the jobs, which is that of the shell that submitted them\n" in missing
    assert f"Python of {shared}\narguments ['--lr', '0.1', '--storage_path', '{results}/run_5']\n" in logs[5]
    assert f"'--dataset_path', '{folder}/shared/data/flowers']\n" in logs[6]
    (local,) = re.findall("'--dataset_path', '([^']*)'][\n]", logs[7])
    assert local.endswith("/flowers")
    assert not Path(local).exists()
    assert (results / "run_8").exists() is False
    assert os.path.realpath(results) == str(folder / "scratch/ada-results/train")
    assert reader.status() == ""


@pytest.mark.xdist_group("fourth htcondor")
def test_every_command_of_the_page_on_environments_works_on_htcondor(
    on_pool: OnPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])
    try_page(on_pool, tmp_path)


@pytest.mark.xdist_group("third slurm")
def test_every_command_of_the_page_on_environments_works_on_slurm(
    on_slurm: OnSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])
    try_page(on_slurm, tmp_path)
