"""Papers and pages that are built from the files of runs: what they need, whether that is fresh, and how to get it."""
