"""Record types, the chain they form, its verification, and one codec per format version."""
