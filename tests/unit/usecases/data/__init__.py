"""Tests of looking at data."""
