"""Documents that are drafted from what is declared and recorded: each statement with its source, each gap said."""
