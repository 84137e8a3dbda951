"""Runtimes: how a server of each kind is started. A package adds one by an entry point in `trueup.runtimes`."""
