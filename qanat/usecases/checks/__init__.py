"""What may be committed: one module a rule."""
