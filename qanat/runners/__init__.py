"""What starts jobs: on this machine, or through a scheduler."""
