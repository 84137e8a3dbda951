"""Forges: where pull requests are, spoken to over plain HTTP."""
