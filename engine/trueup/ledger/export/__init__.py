"""The ledger for people outside: records as entries of a report, with who changed, who approved and on what grounds."""
