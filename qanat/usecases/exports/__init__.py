"""Ways out: runs in the forms of other programs. `formats.py` lists them, each is a module."""
