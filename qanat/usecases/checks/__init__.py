"""What may be committed: the rules, and what they have in common."""
