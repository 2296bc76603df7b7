"""From a request to running jobs."""
