"""Reads result files of other tools: one module a tool, `registry` finds the right one.

A file is read as a whole or refused with everything that is wrong with it; nothing in it is guessed.
"""
