"""What a person sees and types: output, tables, prompts, plots, an editor."""
