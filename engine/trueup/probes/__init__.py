"""Attacks on releases, as data: `attacks-1.jsonl`, made by `recipe.py`, read by the built-in task `probes`.

A published set never changes: another set is another file, so that rates measured on one are comparable.
"""
