"""Submit jobs to HTCondor and follow them."""
