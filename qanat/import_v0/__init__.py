"""Importing a qanat 0.x database: everything that knows the earlier program."""
