"""Entry points of .pre-commit-hooks.yaml; the rules themselves are in qanat.usecases.checks."""
