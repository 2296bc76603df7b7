"""What the commands on documents show."""
