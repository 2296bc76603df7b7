"""Tests of where results go, and which directories qanat made."""
