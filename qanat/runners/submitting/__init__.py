"""What runners that submit jobs share."""
