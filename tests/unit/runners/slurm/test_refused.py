"""A run of several arrays of which Slurm refuses one, with programs that answer as Slurm's do."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.job import JobBatch, JobSpec
from qanat.errors import QanatError, SubmitFailed, SubmitUnknown
from qanat.runners.slurm.runner import SlurmRunner

# Arrays may have one element, and the third one is refused.
PROGRAM = """\
#!/bin/sh
case "$(basename "$0") $*" in
*ping*) echo "Slurmctld(primary) at here is UP" ;;
*"show config"*) echo "MaxArraySize = 1" ;;
sbatch*) echo x >>"$LOG"; n=$(wc -l <"$LOG"); [ "$n" -le 2 ] && echo "81$n" || { echo "too many jobs" >&2; exit 1; } ;;
scancel*) echo "$*" >>"$LOG.cancelled"; printf %s "$CANCEL_ERROR" >&2; [ -z "$CANCEL_ERROR" ] ;;
esac
"""
REFUSED = "Slurm refused the run: too many jobs"


def refusal(folder: Path) -> QanatError:
    """Submit a run of three groups; return the error."""
    jobs = tuple(JobSpec(group, ("true",), folder, folder / f"group_{group}") for group in range(3))
    with pytest.raises(QanatError) as raised:
        SlurmRunner().submit(JobBatch("4-7f3a9c", "x_4", "c0ffee", folder, {}, jobs))
    return raised.value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the storage directory of a run; Slurm's programs come first on PATH."""
    for name in ("scontrol", "sbatch", "scancel"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_what_was_accepted_before_is_cancelled(folder: Path) -> None:
    error = refusal(folder)
    assert (type(error), error.message) == (SubmitFailed, REFUSED)
    assert (folder.parent / "log.cancelled").read_text() == "--full 811 812\n"


def test_what_cannot_be_cancelled_is_named_with_the_command_that_finds_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANCEL_ERROR", "access denied")
    error = refusal(folder)
    assert (type(error), error.hint) == (SubmitUnknown, "qanat status")
    assert error.message == f"{REFUSED}; its jobs 811, 812 may still be queued: Slurm could not cancel: access denied"
