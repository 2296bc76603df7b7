"""What a job that submits jobs does not pass on to them."""

from __future__ import annotations

from qanat.runners.submitting import outer_job

SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_MEM_PER_NODE": "50",
    "SLURM_CONF": "/etc/slurm.conf",
    "SLURM_CLUSTERS": "here",
    "SLURMD_NODENAME": "node7",
    "SBATCH_ACCOUNT": "mine",
}
HTCONDOR = {"_CONDOR_JOB_AD": "/scratch/.job.ad", "_CONDOR_SLOT": "slot1", "_CONDOR_FILESYSTEM_DOMAIN": "here"}


def test_the_variables_of_a_job_are_left_out_and_those_for_submitting_are_not() -> None:
    surroundings = {"PATH": "/bin", **SLURM, **HTCONDOR}
    expected = ["SLURMD_NODENAME", "SLURM_JOB_ID", "SLURM_MEM_PER_NODE", "_CONDOR_JOB_AD", "_CONDOR_SLOT"]
    assert outer_job.variables(surroundings) == expected
    assert outer_job.variables(surroundings, {"SLURM_JOB_ID"}) == ["SLURMD_NODENAME", *expected[2:]]


def test_outside_a_job_every_variable_is_the_users_own() -> None:
    surroundings = {key: value for key, value in {**SLURM, **HTCONDOR}.items() if "JOB" not in key}
    assert outer_job.variables(surroundings) == []
