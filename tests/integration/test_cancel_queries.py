"""How often `cancel` asks a scheduler, counted with programs that answer as Slurm's do, and never cancel anything."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from qanat.cli.runs import looking_up
from tests.support.sandbox import Sandbox, call

pytestmark = pytest.mark.slow
PROGRAM = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$(basename "$0") $*" in
*ping*) echo "Slurmctld(primary) at here is UP" ;;
*"show config"*) echo "MaxArraySize = 1001" ;;
sbatch*)
    for word; do case $word in --comment=*) comment=${word#*=} ;; esac; done
    number=$(($(wc -l <"$ROWS") + 1))
    echo "$number|RUNNING|None|N/A|N/A|n1|x|$comment|/somewhere" >>"$ROWS"
    echo "$number" ;;
squeue*) cat "$ROWS" ;;
esac
"""


class Slurm:
    """Slurm's programs, which note how they are called."""

    def __init__(self, folder: Path) -> None:
        self.rows, self.log = folder / "rows", folder / "log"
        self.rows.touch()
        self.programs = programs = folder / "bin"
        programs.mkdir()
        for name in ("sbatch", "squeue", "scancel", "scontrol"):
            (programs / name).write_text(PROGRAM)
            (programs / name).chmod(0o755)
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "ROWS": str(self.rows),
            "LOG": str(self.log),
        }

    def calls(self) -> Counter[str]:
        """Count the calls of each program since this was last asked."""
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        return Counter(" ".join(line.split()[: 2 if line.startswith("scontrol") else 1]) for line in lines)


@pytest.fixture
def slurm(tmp_path: Path) -> Slurm:
    """Return Slurm, in which every job runs forever."""
    return Slurm(tmp_path)


def test_a_scheduler_that_does_not_cancel_is_asked_less_and_less(sandbox: Sandbox, slurm: Slurm) -> None:
    sandbox.experiment("hi", "echo hi\n")
    for _ in range(3):
        sandbox.qanat("run", "hi", "--runner", "slurm", env=slurm.environment)
    slurm.calls()
    said = sandbox.qanat("cancel", "1", "2", "3", env=slurm.environment).out
    assert said == "".join(f"Run {n} of hi is being cancelled (still running)\n" for n in (1, 2, 3))
    calls = slurm.calls()
    # 0.2 s, 0.4 s, … and the rest of CANCEL_S; each run's jobs are looked at once more before they are cancelled.
    looks = 1 + 7
    assert looking_up.CANCEL_S == 10
    assert calls["squeue"] <= looks + 3
    assert calls["scontrol show"] == 1
    assert calls["scancel"] == 3
    assert calls["scontrol ping"] <= looks + 4


def test_a_run_whose_scheduler_is_gone_for_good_can_be_forgotten(sandbox: Sandbox, slurm: Slurm) -> None:
    sandbox.experiment("hi", "echo hi\n")
    sandbox.qanat("run", "hi", "--runner", "slurm", env=slurm.environment)
    for program in slurm.programs.iterdir():
        program.write_text("#!/bin/sh\necho gone >&2\nexit 1\n")
    (record,) = sandbox.committed_records()
    said = sandbox.qanat("delete", "1", "--cancel", "--yes", env=slurm.environment, code=3).err
    remove = f"git rm {record} && git commit -m 'Deleted-run: {Path(record).stem}'"
    hint = f"try again later or, if its jobs are gone for good, delete its record: {remove}"
    assert said.endswith(f"\n  hint: {hint}\n")
    call(["sh", "-c", remove], sandbox.root)
    assert sandbox.qanat("status", "--json", env=slurm.environment).json["in_flight"] == []
    assert sandbox.committed_records() == set()
