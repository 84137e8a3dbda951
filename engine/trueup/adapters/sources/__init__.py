"""Sources: where an artifact's bytes come from, one adapter per URI scheme."""
