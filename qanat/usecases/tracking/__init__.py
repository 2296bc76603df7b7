"""From jobs that run to records that are true."""
