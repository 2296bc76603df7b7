"""What git does with records: merge them, and keep the commits they name."""
