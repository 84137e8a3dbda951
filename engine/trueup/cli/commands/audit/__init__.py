"""`trueup audit ...`: one module a second word."""
