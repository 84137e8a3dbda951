"""Rego on an OPA server: what is checked here is sent there, and every answer is held to what was sent."""
