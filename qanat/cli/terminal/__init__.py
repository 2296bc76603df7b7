"""Input and output: messages, tables, prompts, plots, the editor."""
