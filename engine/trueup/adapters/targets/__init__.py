"""Targets: where things run."""
