"""The engines that start programs in containers."""
