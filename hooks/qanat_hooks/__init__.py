"""Programs behind .pre-commit-hooks.yaml; the rules themselves are use cases of qanat."""
