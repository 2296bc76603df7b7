"""A PBS Professional and OpenPBS runner for qanat."""
