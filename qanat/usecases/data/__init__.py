"""Data: what datasets and inputs are now, and what they were for earlier runs."""
