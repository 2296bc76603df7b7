"""Texts with references to runs: what these stand for, and whether the texts are right about it."""
