"""Experiments, datasets, templates and settings: creating, changing, renaming."""
