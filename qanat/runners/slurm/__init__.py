"""Submitting jobs to Slurm and polling them."""
