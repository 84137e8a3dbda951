"""Two states to changes: field paths, impact class, secret masks."""
