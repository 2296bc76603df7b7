"""A real project in a real repository, driven by the real program; it is part of qanat.testing."""

from __future__ import annotations

from qanat.testing.sandbox import PROGRAM, TIMEOUT_S, Result, Sandbox, call, wait_until

__all__ = ["PROGRAM", "TIMEOUT_S", "Result", "Sandbox", "call", "wait_until"]
