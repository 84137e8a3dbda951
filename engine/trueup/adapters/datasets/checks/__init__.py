"""Checks: one class each, which sees every record and then tells what came of it."""
