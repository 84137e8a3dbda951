"""Readers: a file to records, a piece at a time."""
