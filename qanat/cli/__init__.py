"""Words in, words out: the commands, one module each, and the one place where errors are shown."""
