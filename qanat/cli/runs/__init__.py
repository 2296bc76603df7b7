"""What several commands on runs share: finding, launching, progress and reports."""
