"""What the tests of cancelling share."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.support.world import INTENT


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that lives, with the mark of group 0 of the run that world.left_alone() makes."""
    marked = {"QANAT_JOB": f"{INTENT}:0", "PATH": os.environ["PATH"]}
    process = subprocess.Popen(["sleep", "60"], env=marked, start_new_session=True)
    # It is reaped as soon as it ends, as an orphan would be.
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    yield process
    process.kill()
    reaper.join()
