"""Waiting for a started command to end."""

from __future__ import annotations

import subprocess


def exit_code(process: subprocess.Popen[str]) -> int:
    """Wait for a process, read all that it prints, and return its exit code."""
    process.communicate(timeout=60)
    return process.returncode
