"""Locks: one apply at a time in an environment."""
