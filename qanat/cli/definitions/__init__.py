"""What the commands on experiments, datasets and templates share."""
