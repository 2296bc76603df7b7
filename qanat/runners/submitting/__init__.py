"""What the runners that submit jobs share."""
