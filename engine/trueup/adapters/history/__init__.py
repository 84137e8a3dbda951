"""Indexes of what git already holds: found once, extended by what is new, and never believed over git itself."""
