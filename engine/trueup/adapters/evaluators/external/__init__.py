"""Runs evaluation tools that live in a Python of their own, and reads what they wrote."""
