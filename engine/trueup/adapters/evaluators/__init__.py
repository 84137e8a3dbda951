"""Evaluators: measure a release on the server that runs it, one adapter per tool."""
