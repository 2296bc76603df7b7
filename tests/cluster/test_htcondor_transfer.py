"""Runs on a real pool whose jobs see no file of the submit side."""

from __future__ import annotations

import pytest

from tests.cluster.htcondor_project import OnPool

pytestmark = pytest.mark.xdist_group("htcondor apart")

# Leaves files in folders; its arguments are an exit code and the paths that qanat adds.
LEAVE = """\
code=$1
while [ $# -gt 0 ]; do
    case $1 in --storage_path) out=$2 ;; --dataset_path) data=$2 ;; esac
    shift
done
echo "from $(cat "${data:-/dev/null}")"
echo "to stderr" >&2
mkdir -p "$out/deep/er"
id -un >"$out/deep/er/user"
pwd >"$out/deep/here"
echo "{\\"acc\\": 0.$code}" >"$out/metrics.json"
exit "$code"
"""


def test_code_and_data_are_shipped_and_everything_comes_back(apart: OnPool) -> None:
    apart.write("data/tracked.txt", "tracked data\n")
    apart.write(".qanat/datasets/flowers.yaml", "schema: dataset/1\nname: flowers\npath: data/tracked.txt\n")
    apart.experiment("leave", LEAVE, datasets=["flowers"])
    apart.qanat("run", "leave", "-g", "0", "-g", "3", "--runner", "htcondor", "--wait", code=1)
    record = apart.record()
    assert record["runner"]["transfer"] is True
    assert [(g["state"], g.get("exit_code"), g["metrics"]) for g in record["groups"]] == [
        ("finished", 0, {"acc": 0.0}),
        ("failed", 3, {"acc": 0.3}),
    ]
