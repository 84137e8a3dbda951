"""The table of verbs. Static, so that `trueup --help` imports no command; a test holds it to the modules."""

VERBS: dict[str, str] = {
    "init": "Write a first repository that validates and plans at once",
    "validate": "Check every declared file and report all problems",
    "audit": "Read and verify the ledger",
    "schema": "Print the JSON Schema of a kind",
    "doctor": "Check this machine: Python, git, packages, disk, permissions",
}
"""Verb and summary, in the order of the work."""

SUBVERBS: dict[str, dict[str, str]] = {
    "audit": {
        "log": "List what was done, by whom, with which decision; newest first",
        "at": "Show what was serving at a time: model, prompt, build, policies",
        "verify": "Verify chain, digests and decisions of the ledger, offline",
    },
}
"""Verbs that need a second word, with theirs."""


def commands() -> tuple[str, ...]:
    """Return every command as it is typed: `validate`, `audit log`."""
    return tuple(
        name for verb in VERBS for name in ([f"{verb} {sub}" for sub in SUBVERBS[verb]] if verb in SUBVERBS else [verb])
    )


def summary(command: str) -> str:
    """Return the one-line summary of a command from `commands()`."""
    verb, _, sub = command.partition(" ")
    return SUBVERBS[verb][sub] if sub else VERBS[verb]


def module_name(command: str) -> str:
    """Return the module of a command: `trueup.cli.commands.audit.log`."""
    return "trueup.cli.commands." + command.replace(" ", ".")
