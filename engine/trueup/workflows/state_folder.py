"""Where what trueup keeps beside a repository lies."""

STATE_FOLDER = ".trueup"
"""Below the project file. Nothing in it is declared, and no commit may bring a file of it."""
