"""What git does with records: merging them, and keeping the commits that they name."""
