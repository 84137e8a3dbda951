"""Rego in a worker process: checked first, limited in time and memory, restarted when it dies."""
