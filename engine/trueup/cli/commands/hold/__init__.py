"""`trueup hold ...`: one module a second word."""
