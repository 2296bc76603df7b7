"""Shell completion: the commands as data, the names to offer, and the scripts for shells."""
