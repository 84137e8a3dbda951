"""Signatures of models: who vouches for the bytes, verified before they serve."""
