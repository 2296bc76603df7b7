"""What a branch changes in experiments and runs."""
