"""Scanners: what looks into files before anything loads them."""
