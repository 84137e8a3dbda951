"""Finds an adapter by entry-point group and name; built-ins register the same way."""
