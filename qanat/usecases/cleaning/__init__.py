"""Which results of runs may be removed to make room, since nothing needs them."""
