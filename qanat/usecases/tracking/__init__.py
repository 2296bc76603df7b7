"""From running jobs to correct records."""
