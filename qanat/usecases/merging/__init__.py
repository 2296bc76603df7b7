"""What git does with records: merging and dropping them, and keeping the commits that they name."""
