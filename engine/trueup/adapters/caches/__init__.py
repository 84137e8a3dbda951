"""What earlier runs found out, kept beside git's own data; anybody may delete all of it at any time."""
