"""What a report on runs contains."""
