"""What users want done, one module each; plain values in and out, no terminal, no choice of runner."""
