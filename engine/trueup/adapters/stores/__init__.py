"""Artifact stores: content by digest, builds by key; what is half done is never seen."""
