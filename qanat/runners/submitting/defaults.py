"""What most runners have in common: a runner that subclasses RunnerDefaults says only where it differs.

A method that a later qanat asks for beyond these has its default here, so that a package that was written for an
earlier one still works.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.runners.submitting import job_script, option_changes


class RunnerDefaults:
    """Methods of a Runner for a scheduler without peculiarities, whose jobs run the scripts of job_script."""

    own_files = job_script.OWN_FILES

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """Take every option."""
        return []

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with the keys of options; nobody is asked about their values."""
        return self.key_problems(options)

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """Have nothing to say against what works."""
        return []

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Tell that a program that has come to its end is not started again."""
        return False

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Give options with some set anew; `2x` multiplies what is there. Raises UsageError."""
        return option_changes.changed(options, changes, str.strip)

    def get_ready(self) -> None:
        """Do nothing: what submits starts at once."""
