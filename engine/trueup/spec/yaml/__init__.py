"""YAML 1.2 core: bytes to values under guard, values to places, and edits that change nothing else."""
