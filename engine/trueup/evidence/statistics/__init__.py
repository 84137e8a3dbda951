"""Statistics of gates: intervals, paired tests, corrections and numbers of examples. Numbers in, numbers out."""
