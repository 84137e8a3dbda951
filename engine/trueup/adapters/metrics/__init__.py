"""Metrics that others keep."""
