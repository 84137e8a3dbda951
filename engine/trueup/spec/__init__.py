"""Declared YAML: bytes to resources or diagnostics, the kinds, references, JSON Schema and byte-exact edits."""
