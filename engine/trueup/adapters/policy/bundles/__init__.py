"""Bundles of policies: OPA's format, from the repository, git, an OCI registry or a server."""
