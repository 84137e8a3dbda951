"""Resources at a revision to desired state: defaults filled in, references resolved, digests pinned."""
