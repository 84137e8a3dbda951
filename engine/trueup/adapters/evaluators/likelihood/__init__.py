"""Tasks about how likely a model holds what is given: perplexity, choices, and divergence from its source."""
