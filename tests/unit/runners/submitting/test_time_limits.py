"""The time limit of a run, as each scheduler takes it."""

from __future__ import annotations

from qanat.runners.htcondor.runner import HTCondorRunner
from qanat.runners.slurm.runner import SlurmRunner


def test_slurm_gets_it_as_its_time_however_the_template_spells_that() -> None:
    assert SlurmRunner().limited({"--mem": "2G"}, 5_400) == {"--mem": "2G", "time": "0-01:30:00"}
    assert SlurmRunner().limited({"-t": "1-00:00:00"}, 5_400) == {"-t": "0-01:30:00"}


def test_htcondor_holds_a_job_that_exceeds_it() -> None:
    assert HTCondorRunner().limited({"request_cpus": 1}, 5_400) == {
        "request_cpus": 1,
        "allowed_job_duration": "5400",
    }
    assert HTCondorRunner().limited({"Allowed_Job_Duration": 5}, 60) == {"Allowed_Job_Duration": "60"}


def test_htcondor_keeps_another_limit_of_a_template() -> None:
    own = {"allowed_execute_duration": 5}
    assert HTCondorRunner().limited(own, 60) == {**own, "allowed_job_duration": "60"}
    assert HTCondorRunner().key_problems(own) == []
