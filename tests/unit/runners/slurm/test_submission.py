"""The arrays of a run, the call of sbatch, and the script, as text and in a real shell."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobBatch, JobHandle, JobsBefore, JobSpec
from qanat.runners.slurm import submission
from qanat.runners.slurm.submission import Array

FOLDER = Path("/p r/50%/results/x/run_4")


def batch(*groups: int, options: dict[str, Any] | None = None, folder: Path = FOLDER, **others: Any) -> JobBatch:
    jobs = tuple(JobSpec(g, ("true",), Path("/w"), folder / f"group_{g}", attempt=1 + g % 2) for g in groups)
    return JobBatch("4-7f3a9c", "x_4", "c0ffee", folder, options or {}, jobs, **others)


def test_a_batch_is_as_few_arrays_as_its_indices_need() -> None:
    assert submission.arrays(batch(0, 1, 9, 10, 25), 10) == [
        Array(0, (0, 1, 9)),
        Array(10, (10,)),
        Array(20, (25,)),
    ]
    assert submission.arrays(batch(3, 7), 1001) == [Array(0, (3, 7))]
    assert submission.arrays(batch(12), 10) == [Array(12, (12,), alone=True)]
    assert Array(20, (25,)).name_of("812", 25) == "812_5"
    assert Array(12, (12,), alone=True).name_of("812", 12) == "812"


def test_the_call_has_name_mark_output_and_indices() -> None:
    assert submission.command(batch(20, 21, 25, options={"-p": "gpu"}, max_running=2), Array(20, (20, 21, 25))) == [
        "sbatch",
        "--parsable",
        "--job-name=x_4",
        "--comment=qanat:c0ffee:20",
        "--output=/p r/50%%/results/x/run_4/slurm.out",
        "--open-mode=append",
        "--array=0-1,5%2",
        "--partition=gpu",
    ]


def before(*jobs: str, any_end: bool = False, cluster: str = "") -> JobsBefore:
    """Return jobs that have to end first."""
    details = {"clusters": cluster} if cluster else {}
    return JobsBefore(tuple(JobHandle("c0ffee", n, job, details) for n, job in enumerate(jobs)), any=any_end)


@pytest.mark.parametrize(
    ("options", "after", "expected"),
    [
        ({}, [before("7")], ["--dependency=afterok:7", "--kill-on-invalid-dep=yes"]),
        ({}, [before("7_0", "7_1", "8_0")], ["--dependency=afterok:7:8", "--kill-on-invalid-dep=yes"]),
        (
            {},
            [before("7"), before("9", any_end=True)],
            ["--dependency=afterok:7,afterany:9", "--kill-on-invalid-dep=yes"],
        ),
        ({"-d": "singleton"}, [before("7")], ["--dependency=singleton,afterok:7", "--kill-on-invalid-dep=yes"]),
        ({"kill-on-invalid-dep": "no"}, [before("7")], ["--kill-on-invalid-dep=no", "--dependency=afterok:7"]),
        # Slurm cannot express these, so that qanat has to release the jobs.
        ({"dependency": "afterok:1?afterok:2"}, [before("7")], ["--dependency=afterok:1?afterok:2"]),
        ({}, [before("7", cluster="other")], []),
        (
            {"clusters": "other"},
            [before("7", cluster="other")],
            ["--dependency=afterok:7", "--kill-on-invalid-dep=yes"],
        ),
        ({}, [], []),
    ],
)
def test_jobs_are_held_and_depend_on_those_before_them(
    options: dict[str, str], after: list[JobsBefore], expected: list[str]
) -> None:
    words = submission.command(batch(0, options=options, held=True, after=tuple(after)), Array(0, (0,), alone=True))
    assert "--hold" in words
    assert [word for word in words if "depend" in word or "invalid" in word] == expected


def test_a_comment_of_the_templates_leaves_the_mark_to_the_name() -> None:
    words = submission.command(batch(3, options={"--comment": "mine"}), Array(3, (3,), alone=True))
    assert [word for word in words if "qanat:" in word] == ["--job-name=x_4-qanat:c0ffee:3"]
    assert "--comment=mine" in words


@pytest.mark.parametrize(("before", "after"), [({}, "afterany:8"), ({"-d": "singleton"}, "singleton,afterany:8")])
def test_an_array_waits_for_the_one_before_it_when_it_is_told_to(before: dict[str, str], after: str) -> None:
    words = submission.command(batch(0, 1, options=before), Array(0, (0, 1)), "8")
    assert [word for word in words if "depend" in word] == [f"--dependency={after}"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3", [3]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        ("0-8:4", [0, 4, 8]),
        ("2-3%2", [2, 3]),
        ("", []),
        ("1,3-4%20", [1, 3, 4]),
    ],
)
def test_indices_are_read_as_slurm_writes_them(text: str, numbers: list[int]) -> None:
    assert submission.numbers_in(text) == numbers


def test_the_script_finds_the_group_its_folder_and_its_attempt(tmp_path: Path) -> None:
    folder = tmp_path / "it's $(here)"
    folder.mkdir()
    (folder / "job.sh").write_text('echo "$1|$2|$3"\n')
    whole = batch(20, 21, 25, folder=folder)
    script = submission.script(whole, Array(20, (20, 21, 25)))
    for index, attempt in ((0, 1), (1, 2), (5, 2)):
        done = subprocess.run(
            ["sh"], input=script, env={"SLURM_ARRAY_TASK_ID": str(index)}, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{folder}/group_{20 + index}|{attempt}|{20 + index}\n"
    alone = submission.script(batch(3, folder=folder), Array(3, (3,), alone=True))
    done = subprocess.run(["sh"], input=alone, capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder}/group_3|2|3\n"
