"""Submit jobs to Slurm and follow them."""
