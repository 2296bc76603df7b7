"""This machine: files, external programs and processes. Every other package may use it; it knows none of them."""
