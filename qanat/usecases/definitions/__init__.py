"""Experiments, datasets, templates and settings: create, change, rename."""
