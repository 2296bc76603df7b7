"""The page of runs in a browser: its HTML, styles and scripts, and how they become one file."""
