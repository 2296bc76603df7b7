"""What several commands on runs share: finding, launching, showing progress, reporting ends."""
