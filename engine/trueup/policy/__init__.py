"""Plan and evidence to the policy document; results to a decision; `approve()` makes the only ApprovedPlan."""
