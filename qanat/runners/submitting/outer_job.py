"""Variables that a scheduler set for the job in which qanat runs: they describe that job, and not those it submits.

The SLURM_MEM_PER_NODE of an outer job, say, contradicts the memory of the inner one, and srun fails.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

# The variable that says that this is a job, and those that the scheduler then sets. Where the cluster is found
# (SLURM_CONF), and a user's own settings (_CONDOR_ and the name of a setting) are needed for submitting.
_OF_JOBS = {
    "SLURM_JOB_ID": re.compile(r"SLURM(D|_(?!CONF\Z|CLUSTERS\Z))"),
    "_CONDOR_JOB_AD": re.compile(
        r"_CONDOR_(ANCESTOR_|BIN|CHIRP_|JOB_|MACHINE_AD|SCRATCH_DIR|SLOT|WRAPPER_|EXEC|Assigned|CREDS|STDERR|STDOUT)"
    ),
}


def variables(environ: Mapping[str, str], wanted: Container[str] = ()) -> list[str]:
    """List the variables of the job around this process, except those that are wanted anyway."""
    patterns = [pattern for mark, pattern in _OF_JOBS.items() if environ.get(mark)]
    return sorted(name for name in environ if name not in wanted and any(p.match(name) for p in patterns))
