"""What most runners have in common: a subclass of RunnerDefaults defines only what differs.

A method that a later version of qanat needs will get its default here, so that a package written for an earlier
version still works.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qanat.runners.submitting import job_script, option_changes


class RunnerDefaults:
    """Methods of a Runner for an ordinary scheduler, whose jobs run the scripts of job_script."""

    generated_files = job_script.GENERATED_FILES
    runs_bundles = True

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """Accept every option."""
        return []

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with the keys of options; their values are not checked."""
        return self.key_problems(options)

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """Warn about nothing."""
        return []

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return False: a program that has ended is not started again."""
        return False

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the options with some replaced; `2x` multiplies the current value. Raises UsageError."""
        return option_changes.apply_changes(options, changes, str.strip)
