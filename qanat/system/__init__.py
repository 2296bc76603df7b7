"""This machine: files, external programs and processes. Every other package may use it; it uses none of them."""
