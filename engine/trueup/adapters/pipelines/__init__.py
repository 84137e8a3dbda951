"""CI systems: what their variables say. Nothing here reads a variable or a file; both are arguments."""
