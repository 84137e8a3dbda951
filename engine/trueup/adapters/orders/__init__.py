"""Orders: what people say to a rollout that goes on in another process."""
