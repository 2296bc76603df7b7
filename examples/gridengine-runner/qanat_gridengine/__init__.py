"""A Grid Engine runner for qanat."""
