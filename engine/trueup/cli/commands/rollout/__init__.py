"""`trueup rollout`: what people say to a rollout."""
