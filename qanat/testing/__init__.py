"""What the author of a runner needs to test it, as docs/runners.md shows. Needs pytest.

Subclass RunnerContract once for each runner; the rest is there for tests of your own.
"""

from __future__ import annotations

import pytest

# So that a failing test shows what was compared, wherever it was imported from.
pytest.register_assert_rewrite(*(f"qanat.testing.{name}" for name in ("commands", "jobs", "place", "sandbox")))

from qanat.testing.arguments import NASTY  # noqa: E402
from qanat.testing.contract import RunnerContract  # noqa: E402
from qanat.testing.place import Place  # noqa: E402
from qanat.testing.sandbox import Result, Sandbox, wait_until  # noqa: E402

__all__ = ["NASTY", "Place", "Result", "RunnerContract", "Sandbox", "wait_until"]
