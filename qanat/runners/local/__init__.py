"""Running jobs on this machine, watched by the process that started them."""
