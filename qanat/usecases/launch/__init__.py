"""From what was asked for to jobs that run."""
