"""What the author of a runner needs to test it: docs/runners.md shows how. Needs pytest.

RunnerContract is subclassed once for each runner; the rest is there for tests of one's own.
"""

from __future__ import annotations

import pytest

# So that a test that fails shows what was compared, wherever it was imported from.
pytest.register_assert_rewrite(*(f"qanat.testing.{name}" for name in ("commands", "jobs", "place", "sandbox")))

from qanat.testing.contract import RunnerContract  # noqa: E402
from qanat.testing.place import Place  # noqa: E402
from qanat.testing.sandbox import Result, Sandbox, wait_until  # noqa: E402
from qanat.testing.words import NASTY  # noqa: E402

__all__ = ["NASTY", "Place", "Result", "RunnerContract", "Sandbox", "wait_until"]
