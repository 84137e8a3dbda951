"""Parity: a source and what was built from it, computed on the same tokens with numpy, without torch."""
