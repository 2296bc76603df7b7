"""What jobs of a real scheduler use, on which both schedulers must agree with the program."""

from __future__ import annotations

from qanat.domain import amounts
from tests.cluster.on_cluster import OnCluster

# A child has 200 MiB until a grandchild has been busy for two seconds.
HUNGRY = """\
import subprocess, sys
busy = "import time\\nwhile time.process_time() < 2: pass"
memory = "memory = bytearray(b'1') * (200 * 2**20); import sys; sys.stdin.read()"
holder = subprocess.Popen([sys.executable, "-c", memory], stdin=subprocess.PIPE)
subprocess.run(["sh", "-c", '"$0" -c "$1"; true', sys.executable, busy], check=True)
holder.communicate()
"""


def check_used(project: OnCluster, template: str, memory: str) -> None:
    """Submit with a template, and once more with the one that would have fitted, whose option for memory is given."""
    project.python_experiment("hungry", HUNGRY)
    project.template("ample", template)
    project.qanat("run", "hungry", "--runner", project.runner, "--submit-template", "ample", "--wait")
    (group,) = project.record()["groups"]
    assert 2 <= group["used"]["cpu_s"] <= 5
    assert 200 <= group["used"]["memory_mib"] <= 300
    assert "of 1 GiB, " in project.qanat("show", "1").out
    assert f"hungry, {project.runner}, template ample: 1 group of run " in project.qanat("efficiency").out

    fitting = project.qanat("efficiency", "1", "--template").out
    (line,) = [line for line in fitting.splitlines() if memory in line]
    assert 240 <= (amounts.mib(line.rpartition(" ")[2]) or 0) <= 384
    path = f".qanat/templates/{project.runner}/fitting.yaml"
    project.write(path, fitting.replace("name: ample", "name: fitting"))
    project.commit("A template that fits")
    project.qanat("run", "hungry", "--runner", project.runner, "--submit-template", "fitting", "--wait")
    assert project.record(2)["state"] == "finished"
