"""Checks before a build, by what they look at; `trueup.builds.preflight` joins them."""
