"""What is submitted to HTCondor, as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobBatch, JobSpec
from qanat.runners.htcondor import order, submission

GOLDEN = """\
executable = /bin/sh
transfer_executable = false
My.WishedAcctGroup = "group_usmb.listic"
request_cpus = 2
arguments = $(qanat_arguments)
output = /dev/null
error = /dev/null
batch_name = x_4
My.QanatIntent = "c0ffee"
initialdir = /p r/it's $(DOLLAR)5/run_4
log = /p r/it's $(DOLLAR)5/run_4/htcondor.log
queue qanat_arguments from (
"'/p r/it''s $(DOLLAR)5/run_4/job.sh' '/p r/it''s $(DOLLAR)5/run_4/group_0' '1' '0'"
"'/p r/it''s $(DOLLAR)5/run_4/job.sh' '/p r/it''s $(DOLLAR)5/run_4/group_1' '3' '1'"
)
"""


def batch(folder: str, count: int, attempts: tuple[int, ...] = (), **options: Any) -> JobBatch:
    """Return a batch of this many jobs; everything but max_running is an option of the template."""
    path, most = Path(folder), options.pop("max_running", None)
    jobs = [
        JobSpec(n, ("true",), Path("/"), path / f"group_{n}", attempt=attempts[n] if attempts else 1)
        for n in range(count)
    ]
    return JobBatch("4-7f3a9c", "x_4", "c0ffee", path, options, tuple(jobs), most)


def test_the_description_is_as_it_was_read_and_agreed_on() -> None:
    options = {"+WishedAcctGroup": "group_usmb.listic", "request_cpus": 2}
    assert submission.text(batch("/p r/it's $5/run_4", 2, (1, 3), **options)) == GOLDEN


@pytest.mark.parametrize(
    ("count", "options", "expected"),
    [
        (1, {}, None),
        (50, {}, None),
        (51, {}, ("51", "1000")),
        (10_000, {"universe": "docker"}, ("10000", "1000")),
        (10_000, {"universe": "local"}, None),
        (10_000, {"max_materialize": 20}, ("20", None)),
        (10_000, {"Max_Idle": 10}, None),
        (3, {"max_running": 2}, ("2", None)),
        (10_000, {"max_running": 2, "max_materialize": 20}, ("2", None)),
    ],
)
def test_many_jobs_are_made_by_the_schedd_unless_a_template_has_a_say_in_that(
    count: int, options: dict[str, Any], expected: tuple[str, str | None] | None
) -> None:
    made = submission.description(batch("/p", count, **options))
    found = made.get("max_materialize"), made.get("max_idle")
    assert found == (expected or (None, None))


@pytest.mark.parametrize(
    ("count", "options", "is_paused"),
    [
        (1, {}, False),
        (51, {}, True),
        (3, {"max_running": 2}, True),
        (3, {"Max_Idle": 10}, True),
        (51, {"universe": "local"}, False),
    ],
)
def test_held_jobs_are_held_one_by_one_or_their_cluster_creates_none(
    count: int, options: dict[str, Any], is_paused: bool
) -> None:
    made = submission.description(replace(batch("/p", count, **options), held=True))
    assert (made.get("hold"), made.get("My.JobMaterializePaused")) == ((None, "1") if is_paused else ("true", None))


def test_a_template_does_not_release_jobs_before_their_time() -> None:
    options = {"Periodic_Release": {"expr": "NumJobStarts < 3 || false"}}
    made = submission.description(replace(batch("/p", 1, **options), held=True))
    assert made["Periodic_Release"] == "(HoldReasonCode =!= 15) && (NumJobStarts < 3 || false)"
    assert submission.description(batch("/p", 1, **options))["Periodic_Release"] == "NumJobStarts < 3 || false"


def test_the_job_that_releases_others_has_the_variables_that_qanat_needs_and_no_others() -> None:
    variables = {
        "PATH": "/a b:/c'd",
        "SECRET": "x",
        "CONDOR_CONFIG": '/"quoted"',
        "LANG": "two\nlines",
        "HOME": "/$(h)",
    }
    made = order.attendant(("/py", "-m", "qanat", "keep-order", "/my project"), variables)
    assert made["arguments"] == "\"'-m' 'qanat' 'keep-order' '/my project'\""
    assert made["environment"] == "\"'CONDOR_CONFIG=/\"\"quoted\"\"' 'HOME=/$(DOLLAR)(h)' 'PATH=/a b:/c''d'\""
    assert (made["universe"], made["executable"], made["initialdir"]) == ("local", "/py", "/")
    assert order.idle_attendant(("/py", 'a"b')) == 'QanatAttends == "/py a\\"b" && JobStatus == 1'


@pytest.mark.parametrize("option", ["output", "log", "My.QanatIntent", "arguments", "executable"])
def test_what_qanat_sets_is_part_of_every_description(option: str) -> None:
    assert option in submission.description(batch("/p", 1))


@pytest.mark.parametrize("folder", ["/new\nline", "/back\\slash", "/a $(macro)", "/a $ENV(HOME)", "/a $$"])
def test_a_folder_that_a_description_cannot_name_is_written_so_that_the_shell_makes_it(folder: str) -> None:
    described = submission.description(batch(folder, 1))
    assert "log" not in described
    assert described["initialdir"] == "/"
    (row,) = submission.rows(batch(folder, 1))
    text = row["qanat_arguments"]
    assert text.isprintable()
    assert "printf %bX" in text
    assert "$(" not in text.replace("$(DOLLAR)", "")
