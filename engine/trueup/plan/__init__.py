"""Changes to an ordered plan with reasons and an id; the plan file."""
