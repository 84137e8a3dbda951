"""The state machine of a rollout: (state, observation, clock) to the next effect; and its events."""
