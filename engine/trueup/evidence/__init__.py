"""Evidence: measured results bound to exact digests."""
