"""What options of schedulers ask for, and options that ask for something else."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.asked import Asked
from qanat.runners.htcondor import asked as htcondor
from qanat.runners.slurm import asked as slurm

WANTED = Asked(2, 384, 900)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Asked(1)),
        ({"--cpus-per-task": 4, "--mem": "16G", "--time": "2:00:00"}, Asked(4, 16_384, 7200)),
        ({"c": "4", "n": 3, "mem-per-cpu": 500, "t": 90}, Asked(12, 6000, 5400)),
        ({"-N": 2, "--ntasks-per-node": 4, "--mem": "1G"}, Asked(8, 2048)),
        ({"--nodes": "2-4", "--mem": "0"}, Asked(2)),
        ({"--gpus": "a100:2", "--mem-per-gpu": "10G"}, Asked(1, 20_480, None, 2)),
        ({"--gpus-per-node": 4, "--nodes": 2}, Asked(2, None, None, 8)),
        ({"--gres": "gpu:2"}, Asked(1, None, None, 2)),
        ({"--gres": "gpu:2", "--cpus-per-gpu": 4}, Asked(8, None, None, 2)),
        ({"--gres": "shard:3,gpu:a100:2(S:0-1)"}, Asked(1, None, None, 2)),
        ({"--gres": "gpu"}, Asked(1, None, None, 1)),
        ({"--gres": "gpu:a100"}, Asked(1, None, None, 1)),
        ({"--gres": "lustre:1"}, Asked(1)),
        ({"--time": "UNLIMITED", "--mem": "all of it", "--cpus-per-task": "many"}, Asked(1)),
        ({"--time": 0}, Asked(1)),
    ],
)
def test_what_sbatch_is_asked_for(options: dict[str, Any], expected: Asked) -> None:
    assert slurm.asked(options) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"--cpus-per-task": 2, "--mem": "384M", "--time": "0-00:15:00"}),
        ({"-p": "main", "-c": 4, "t": "1:00:00"}, {"-p": "main", "-c": 2, "t": "0-00:15:00", "--mem": "384M"}),
        (
            {"--mem-per-cpu": "4G", "--ntasks": 2, "--nodes": 2},
            {"--ntasks": 2, "--nodes": 2, "--cpus-per-task": 1, "--mem": "192M", "--time": "0-00:15:00"},
        ),
    ],
)
def test_options_of_sbatch_that_ask_for_what_is_wanted(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert slurm.asking(options, WANTED) == expected
    assert slurm.asked(expected) == WANTED
    assert slurm.asking(options, Asked()) == options


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Asked()),
        ({"request_cpus": 4, "Request_Memory": "2GB", "request_gpus": "1"}, Asked(4, 2048, None, 1)),
        ({"request_memory": 512, "allowed_job_duration": 7200}, Asked(None, 512, 7200)),
        ({"allowed_job_duration": 7200, "allowed_execute_duration": "3600"}, Asked(time_s=3600)),
        ({"request_memory": "ifThenElse(NumJobStarts > 0, 8192, 4096)", "request_cpus": "2 * 2"}, Asked()),
    ],
)
def test_what_a_submit_description_asks_for(options: dict[str, Any], expected: Asked) -> None:
    assert htcondor.asked(options) == expected


def test_keys_of_a_submit_description_that_ask_for_what_is_wanted() -> None:
    options = {"Request_CPUs": 4, "universe": "vanilla"}
    expected = {"Request_CPUs": 2, "universe": "vanilla", "request_memory": "384MB"}
    assert htcondor.asking(options, WANTED) == expected
    limited = htcondor.asking({"allowed_job_duration": 7200}, WANTED)
    assert limited == {"allowed_job_duration": 900, "request_cpus": 2, "request_memory": "384MB"}
    assert htcondor.asked(limited) == WANTED
    assert htcondor.asking(options, Asked()) == options


def test_no_option_of_sbatch_is_beside_one_that_excludes_it() -> None:
    wanted = Asked(3, 384, 900, 2)
    per_gpu = {"--gpus": 2, "--cpus-per-gpu": 4, "--mem-per-gpu": "8G"}
    assert slurm.asking(per_gpu, wanted) == {
        "--gpus": 2,
        "--cpus-per-task": 3,
        "--mem": "384M",
        "--time": "0-00:15:00",
    }
    assert slurm.asking({"--gpus-per-node": 1}, Asked(gpus=2)) == {"--gres": "gpu:2"}
    assert slurm.asking({"--gres": "lustre:1,gpu:a100:1"}, Asked(gpus=2)) == {"--gres": "lustre:1,gpu:2"}
    assert htcondor.asking({"request_gpus": 0}, Asked(gpus=2)) == {"request_gpus": 2}
