"""Submitting jobs to HTCondor and polling them."""
