"""Measuring what DESIGN.md promises about speed, on real repositories and next to what one would use without qanat.

`python -m benchmarks` measures the budgets and prints their table.
"""
