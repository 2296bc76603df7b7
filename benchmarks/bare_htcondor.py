"""What one would write without qanat: a process of its own that uses HTCondor's bindings.

`python benchmarks/bare_htcondor.py submit FILE` submits what a JSON file describes, `query CLUSTER` queries
the jobs of a cluster, `remove CLUSTER` removes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import htcondor2

ATTRIBUTES = ["ClusterId", "ProcId", "JobStatus", "HoldReason", "HoldReasonCode", "RemoteHost"]


def main(operation: str, word: str) -> None:
    """Perform one operation and print the cluster or the number of jobs."""
    schedd = htcondor2.Schedd(htcondor2.Collector().locate(htcondor2.DaemonType.Schedd))
    match operation:
        case "submit":
            content = json.loads(Path(word).read_bytes())
            print(schedd.submit(htcondor2.Submit(content["description"]), itemdata=iter(content["rows"])).cluster())
        case "query":
            print(len(schedd.query(f"ClusterId == {word}", ATTRIBUTES)))
        case "remove":
            schedd.act(htcondor2.JobAction.Remove, f"ClusterId == {word}", reason=("measured", 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
