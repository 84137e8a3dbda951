"""Ids, digests, diagnostics and root errors: the words every other package is written in."""
