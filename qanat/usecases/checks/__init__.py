"""What may be committed: one module per rule."""
