"""Where runs store their results, and which directories qanat may remove."""
