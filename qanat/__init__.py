"""qanat: run command-line experiments and keep a reviewable record of every run in git."""

__version__ = "0.1.0"
