"""What DESIGN.md promises about speed, measured on real repositories beside what one would use without qanat.

`python -m benchmarks` measures the budgets and prints their table.
"""
