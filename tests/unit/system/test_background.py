"""Work in a process that outlives the one that started it: what it reports, and what becomes of it without a reader."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from qanat.errors import QanatError, UsageError, VersionTooNew
from qanat.system import background
from qanat.system.background import Report
from tests.support.sandbox import wait_until

ROOT = Path(__file__).parents[3]


def says_where(report: Report) -> None:
    """Report the process, its folder and its session."""
    report((os.getpid(), Path.cwd(), os.getsid(0)))


def fails(kind: type[Exception], arguments: tuple[str, ...], report: Report) -> None:
    """Raise an error, and report nothing."""
    raise kind(*arguments)


def dies(report: Report) -> None:
    """End without a report."""
    os.write(2, b"out of memory\n")
    os._exit(9)


def reports_late(folder: Path, report: Report) -> None:
    """Report once a file is there, and leave another one that says whether anybody was there to read it."""
    (folder / "begun").touch()
    wait_until((folder / "gate").exists)
    try:
        report("late")
    except BrokenPipeError:
        (folder / "nobody").touch()


def test_the_first_report_comes_from_a_process_with_a_session_of_its_own(tmp_path: Path) -> None:
    pid, folder, session = background.first_report(says_where, tmp_path)
    assert folder == tmp_path
    assert pid not in (os.getpid(), session)
    assert session != os.getsid(0)


@pytest.mark.parametrize(
    ("kind", "arguments"), [(UsageError, ("no",)), (VersionTooNew, ("a.yaml", "is new")), (ValueError, ("a", "bug"))]
)
def test_an_error_before_the_report_is_raised_here(
    tmp_path: Path, kind: type[Exception], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(kind) as raised:
        background.first_report(partial(fails, kind, arguments), tmp_path)
    expected = kind(*arguments)
    assert (str(raised.value), vars(raised.value)) == (str(expected), vars(expected))


def test_a_process_that_ends_without_a_report_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(QanatError, match=r"^the process in the background has ended: out of memory$"):
        background.first_report(dies, tmp_path)


def test_without_a_reader_the_report_fails_so_that_nothing_begins_unseen(tmp_path: Path) -> None:
    code = (
        "import sys; from functools import partial; from pathlib import Path\n"
        "from qanat.system import background; from tests.unit.system.test_background import reports_late\n"
        "background.first_report(partial(reports_late, Path(sys.argv[1])), Path(sys.argv[1]))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) as parent:
        wait_until((tmp_path / "begun").exists)
        parent.kill()
    (tmp_path / "gate").touch()
    wait_until((tmp_path / "nobody").exists)
