"""Settings of the unit tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How fast a machine is decides nothing. What CI is given besides by hypothesis stays: the same examples each time.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
