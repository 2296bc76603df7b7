"""What of a submit description ships files to jobs, and what cannot be shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobBatch, JobHandle, JobSpec
from qanat.domain.shipment import SANDBOX, Shipment
from qanat.errors import UsageError
from qanat.runners.htcondor import submission, transfer, worker

FOLDER = Path("/p r/run_4")
GOLDEN = """\
executable = /bin/sh
transfer_executable = false
request_cpus = 2
arguments = $(qanat_arguments)
output = /dev/null
error = /dev/null
batch_name = x_4
My.QanatIntent = "c0ffee"
initialdir = /$(qanat_folder)
log = /p r/run_4/htcondor.log
should_transfer_files = YES
when_to_transfer_output = ON_EXIT
transfer_input_files = /p r/run_4/job.sh, /p r/run_4/commands/$(qanat_words).sh, /c/1f.tar.gz, /d/a b, osdf:///b, own
transfer_output_files = out/stdout.txt, out/stderr.txt, out/
queue qanat_folder, qanat_words, qanat_arguments from (
p r/run_4/group_7, 0, "'job.sh' 'out' '1' '7'"
p r/run_4/group_123, 1, "'job.sh' 'out' '2' '123'"
)
"""


def batch(*files: str, **options: Any) -> JobBatch:
    jobs = (
        JobSpec(7, ("true",), Path("/"), FOLDER / "group_7"),
        JobSpec(123, ("true",), Path("/"), FOLDER / "group_123", attempt=2),
    )
    shipment = Shipment(Path("/c/1f.tar.gz"), {}, files)
    return JobBatch("4-7f3a9c", "x_4", "c0ffee", FOLDER, options, jobs, shipment=shipment)


def test_the_description_is_as_it_was_read_and_agreed_on() -> None:
    options = {"request_cpus": 2, "Should_Transfer_Files": "IF_NEEDED", "transfer_input_files": "own"}
    assert submission.text(batch("/d/a b", "osdf:///b", **options)) == GOLDEN


def test_an_image_that_is_a_file_is_shipped(tmp_path: Path) -> None:
    from dataclasses import replace

    shipped = replace(batch(), image="/images/a.sif")
    assert "transfer_container" not in submission.description(shipped)
    assert submission.description(replace(shipped, shipment=None))["transfer_container"] == "false"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (["/d/a, b"], "HTCondor cannot transfer '/d/a, b': its path has a comma, a line break or a space at an end"),
        (["/d/out"], "/d/out cannot be transferred: the folder of a job has something of its own called out"),
        (["/d/.hidden"], "has something of its own called .hidden"),
        (["/d/12.sh"], "has something of its own called 12.sh"),
        (["/d/a", "/e/a/"], "/d/a and /e/a/ cannot both be transferred: they have the same name"),
        (["/d/a", "https://x.org/y/a?v=1"], "cannot both be transferred"),
        (["/d/a", "/d/b", "osdf:///x/c"], ""),
    ],
)
def test_what_cannot_be_shipped_is_said(files: list[str], sentence: str) -> None:
    found = transfer.problem(Shipment(Path("/c/1f.tar.gz"), {}, tuple(files)), FOLDER)
    assert sentence in found
    assert bool(found) == bool(sentence)


def test_what_each_job_gets_is_listed_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12345")
    listed = transfer.listing(batch(str(tmp_path / "a"), "osdf:///x/c"))
    assert f"# to each job: {tmp_path}/a (5 B)\n# to each job: osdf:///x/c\n" in listed


def test_output_is_followed_by_condor_tail_if_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = JobHandle("c0ffee", 0, "12.3", {"schedd": "here"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert transfer.tail_command(handle, "stdout") is None
    (tmp_path / "condor_tail").touch(0o755)
    found = transfer.tail_command(handle, "stderr")
    assert found is not None
    assert found[:3] == ["condor_tail", "-name", "here"]
    assert found[-2:] == ["12.3", "out/stderr.txt"]
    assert "-name" not in (transfer.tail_command(JobHandle("c0ffee", 0, "12.3", {"schedd": "-x"}), "stdout") or [])


def test_jobs_that_do_not_exist_yet_cannot_be_cancelled_alone() -> None:
    handles = [JobHandle("c0ffee", n, f"12.{n}", {"transfer": True}) for n in range(4)]
    assert transfer.by_cluster([*handles, JobHandle("c0ffee", 0, "13.0")]) == {"12": [0, 1, 2, 3]}
    assert worker._not_created({"12": [1, 3]}, {"12": [2, 4]}) == ["12.3"]
    assert worker._not_created({"12": [0, 2, 3]}, {"12": [2, 4]}) == []
    transfer.refuse_missing([])
    with pytest.raises(UsageError, match="the jobs of groups 2, 3 yet, so that they cannot be cancelled alone"):
        transfer.refuse_missing(handles[2:])


def test_a_word_of_a_user_is_never_taken_for_the_folder() -> None:
    from qanat.runners.submitting import job_script

    words = ("echo", "{sandbox}/out", "$q_sandbox", f"{SANDBOX}/it's")
    assert job_script.command_script([JobSpec(0, words, Path("/"), FOLDER)]) == (
        "case $3 in\n0)\nset -- echo '{sandbox}/out' '$q_sandbox' \"$q_sandbox\"'/it'\"'\"'s'\n;;\nesac\n"
    )
