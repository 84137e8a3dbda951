"""Builds as values: what a network is, what fits where, what a builder is asked for, what was built from what."""
