"""Journals: what an apply is about to do, on disk before it does it."""
