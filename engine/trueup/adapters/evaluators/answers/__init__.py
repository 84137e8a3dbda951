"""Tasks about what a release answers: it is asked as it is served, and its answers are scored."""
