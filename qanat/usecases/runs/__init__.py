"""What people do with runs: list, read, compare, annotate, cancel."""
