"""Builders: how a served artifact is made from a model's, one adapter per mode."""
