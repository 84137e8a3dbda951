"""One module per user intent: validate, plan, apply, rollback, audit, ..."""
