"""Which jobs Slurm's programs are told to act on, with programs that answer as Slurm's do."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.intents import new_intent
from qanat.domain.job import JobHandle
from qanat.errors import UsageError
from qanat.runners.slurm.runner import SlurmRunner

OWN, OTHER = new_intent("4-7f3a9c"), new_intent("5-7f3a9c")
# squeue's columns: job, state, reason, start, end, node, name, comment, folder.
ROW = "{id}|RUNNING|None|N/A|N/A|n1|{name}|{comment}|/somewhere"
PROGRAM = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$(basename "$0") $*" in
*ping*) echo "Slurmctld(primary) at here is UP" ;;
squeue*) cat "$ROWS" ;;
*"write batch_script"*) cat "$SCRIPT" ;;
esac
"""


class Slurm:
    """Slurm's programs, which know some jobs and note how they are called."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.rows, self.script, self._log = folder / "rows", folder / "script", folder / "log"
        self.folder = folder / "run"
        for path in (self.rows, self.script, self._log):
            path.touch()
        self.folder.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        for name in ("squeue", "scancel", "scontrol", "sacct"):
            (programs / name).write_text(PROGRAM)
            (programs / name).chmod(0o755)
        patch.setenv("PATH", str(programs), prepend=":")
        for name, path in (("ROWS", self.rows), ("SCRIPT", self.script), ("LOG", self._log)):
            patch.setenv(name, str(path))

    def has(self, job: str, comment: str = "", name: str = "x") -> None:
        """Let the queue have a job."""
        self.rows.write_text(f"{self.rows.read_text()}{ROW.format(id=job, name=name, comment=comment)}\n")

    def acted(self) -> list[str]:
        """List the calls that act on jobs."""
        return [line for line in self._log.read_text().splitlines() if line.startswith(ACTING)]

    def handle(self, job: str, group: int = 0) -> JobHandle:
        """Return the handle of a job of the run."""
        return JobHandle(OWN, group, job, {"folder": str(self.folder)})


ACTING = ("scancel", "scontrol hold", "scontrol release")


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """Return Slurm without jobs."""
    return Slurm(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("job", "group", "comment", "name"),
    [
        ("4711", 0, "", "thesis"),
        ("4711", 0, f"qanat:{OTHER}:0", "x"),
        ("4711", 0, f"qanat:{OWN[:-1]}:0", "x"),
        ("4711", 0, f"qanat:{OWN}0:0", "x"),
        ("4711", 0, "", f"x-qanat:{OTHER}:0"),
        ("812_0", 1, f"qanat:{OWN}:0", "x"),  # the run's, but another group's
        ("812_3", 3, f"qanat:{OWN}:1000", "x"),
    ],
    ids=range(7),
)
def test_a_job_without_the_intent_is_not_touched_and_the_sentence_says_so(
    slurm: Slurm, job: str, group: int, comment: str, name: str
) -> None:
    slurm.has(job, comment, name)
    runner = SlurmRunner()
    for act, done in ((runner.cancel, "cancelled"), (runner.hold, "held"), (runner.release, "released")):
        with pytest.raises(UsageError) as error:
            act([slurm.handle(job, group)])
        assert error.value.message == f"job {job} of Slurm does not carry the intent of this run, and was not {done}"
    assert slurm.acted() == []
    assert list(slurm.folder.iterdir()) == []


def test_the_runs_own_jobs_are_acted_on_beside_strangers(slurm: Slurm) -> None:
    for group, intent in enumerate((OWN, OTHER, OWN)):
        slurm.has(f"812_{group}", f"qanat:{intent}:0")
    with pytest.raises(UsageError, match="job 812_1 of Slurm does not carry"):
        SlurmRunner().cancel([slurm.handle(f"812_{group}", group) for group in range(3)])
    assert slurm.acted() == ["scancel --full 812_[0,2]"]
    noted = (slurm.folder / "cancelled").read_text().splitlines()
    assert [line.split()[:2] for line in noted] == [[OWN, "0"], [OWN, "2"]]


def test_a_job_that_has_left_the_queue_is_no_error_and_is_not_named_to_slurm(slurm: Slurm) -> None:
    runner = SlurmRunner()
    runner.cancel([slurm.handle("812")])
    runner.hold([slurm.handle("812")])
    assert slurm.acted() == []


def test_a_job_whose_comment_was_replaced_is_known_by_its_script(slurm: Slurm) -> None:
    slurm.has("812", "billing: physics")
    slurm.script.write_text(f"#!/bin/sh\n# Written by qanat for run 4-7f3a9c: qanat:{OWN}:2\n")
    SlurmRunner().hold([slurm.handle("812", 2)])
    assert slurm.acted() == ["scontrol hold 812"]
    slurm.script.write_text("#!/bin/sh\npython thesis.py\n")
    with pytest.raises(UsageError, match="job 812 of Slurm does not carry"):
        SlurmRunner().release([slurm.handle("812", 2)])
