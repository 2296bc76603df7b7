"""The programs that git and pre-commit call; the rules themselves are in qanat.usecases.checks.rules."""
