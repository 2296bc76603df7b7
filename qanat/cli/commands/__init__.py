"""The commands, one module each: read arguments, call a use case, show what it returned."""
