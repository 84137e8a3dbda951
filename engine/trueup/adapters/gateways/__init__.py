"""Gateways: the stable address in front of model servers."""
