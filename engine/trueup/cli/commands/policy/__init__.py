"""`trueup policy ...`: one module a second word."""
