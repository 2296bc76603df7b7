"""What Slurm's programs print, in few words."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.errors import RunnerUnavailable
from qanat.runners.slurm import commands

DOWN = """\
Slurmctld(primary) at vm is DOWN
*****************************************
** RESTORE SLURMCTLD DAEMON TO SERVICE **
*****************************************
"""
FRAME_FIRST = "*" * 40 + "\n** RESTORE SLURMCTLD DAEMON TO SERVICE **\n"
UNKNOWN_HOST = """\
scontrol: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host
scontrol: error: fetch_config: DNS SRV lookup failed
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DOWN, "Slurmctld(primary) at vm is DOWN"),
        (FRAME_FIRST, "RESTORE SLURMCTLD DAEMON TO SERVICE"),
        (UNKNOWN_HOST, "scontrol: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host"),
        ("x" * 200, "x" * 99 + "…"),
        ("", "it gave no reason"),
    ],
    ids=["down", "frame", "host", "long", "nothing"],
)
def test_a_controller_that_does_not_answer_is_one_short_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    (tmp_path / "answer").write_text(text)
    program = tmp_path / "scontrol"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/answer >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(RunnerUnavailable) as error:
        commands.ping()
    assert error.value.message == f"Slurm's controller does not answer: {expected}"
