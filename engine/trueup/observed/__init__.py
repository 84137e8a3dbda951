"""What targets and stores report, normalised; health; drift that matters."""
