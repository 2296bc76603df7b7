"""The rules of what may be committed: each module is one, and its RULE describes it."""
