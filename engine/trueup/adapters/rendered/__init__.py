"""Folders that hold what was rendered."""
