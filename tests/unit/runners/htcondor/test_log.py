"""What the event log says about a run or some of its jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.job import JobHandle
from qanat.runners.htcondor.runner import HTCondorRunner

LOG = """\
000 (4651.000.000) 2026-01-05 08:00:00 Job submitted from host: <10.0.0.1:9618>
...
000 (4651.001.000) 2026-01-05 08:00:00 Job submitted from host: <10.0.0.1:9618>
...
005 (4651.001.000) 2026-01-05 08:01:00 Job terminated.
	(1) Normal termination (return value 0)
...
"""


def noted(folder: Path, *jobs: str | None) -> str:
    """Return what is shown about jobs with these names."""
    return HTCondorRunner().scheduler_log(folder, [JobHandle("c0ffee", n, job) for n, job in enumerate(jobs)])


def test_of_one_job_only_its_own_events_are_shown(tmp_path: Path) -> None:
    (tmp_path / "htcondor.log").write_text(LOG)
    assert noted(tmp_path, "4651.0").splitlines() == LOG.splitlines()[:1]
    assert noted(tmp_path, "4651.1").count("(4651.001.000)") == 2
    assert "return value 0" in noted(tmp_path, "4651.1")
    assert noted(tmp_path, "4651.7") == ""
    assert noted(tmp_path) == LOG.removesuffix("\n...\n")


@pytest.mark.parametrize("job", [None, "", "4651", "here", "4651.x", "1.2.3", "-1.0", "²³.0"])
def test_a_job_that_htcondor_cannot_have_given_is_passed_over(tmp_path: Path, job: str | None) -> None:
    (tmp_path / "htcondor.log").write_text(LOG)
    assert noted(tmp_path, job, "4651.0").splitlines() == LOG.splitlines()[:1]
    assert noted(tmp_path, job) == noted(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00 no log (at all)\n...\n"])
def test_what_is_no_event_log_does_no_harm(tmp_path: Path, content: bytes) -> None:
    assert noted(tmp_path, "4651.0") == ""
    (tmp_path / "htcondor.log").write_bytes(content)
    assert noted(tmp_path, "4651.0") == ""
