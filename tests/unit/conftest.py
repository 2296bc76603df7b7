"""Settings of the unit tests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine is decides nothing. What CI is given besides by hypothesis stays: the same examples each time.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("while working", settings.get_profile("any machine"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Leave most examples to the whole run, like slow tests."""
    settings.load_profile("while working" if config.getoption("markexpr") == "not slow" else "any machine")
