"""What a person wants done, one module each; plain values in and out, no terminal, no choice of runner."""
