"""The only callers of ports that act: observe, apply, rollback, wait; they yield events."""
