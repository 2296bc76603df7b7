"""What software and what machine the program of a run finds, as far as that can be seen without starting it."""
