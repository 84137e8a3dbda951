"""The command line: arguments, wiring, one command and one view per verb."""
