"""One module a command: `SUMMARY`, `EXAMPLE`, `add_arguments(parser)` and `run(arguments, console)`.

A command parses, calls one workflow, gives the result to a view and returns an exit code. Its module imports at
the top only what its `--help` needs; the workflow is imported inside `run`.
"""
