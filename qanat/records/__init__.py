"""The project's files on disk: `.qanat/` and storage directories, as YAML and as values of the domain."""
