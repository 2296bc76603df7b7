"""Importing the runs of other tools: one module reads what each of them keeps, and one writes records."""
