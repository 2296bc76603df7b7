"""The command line: one module for each command, and the one place where errors are shown."""
