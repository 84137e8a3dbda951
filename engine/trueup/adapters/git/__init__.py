"""Git, through the `git` program: trees without checkout, history in one pass, commits beside the user's work."""
