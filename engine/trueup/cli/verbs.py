"""The table of verbs. Static, so that `trueup --help` imports no command; a test holds it to the modules."""

VERBS: dict[str, str] = {
    "init": "Write a first repository that validates and plans at once",
    "validate": "Check every declared file and report all problems",
    "pin": "Write into the YAML which revision and digest a source has now",
    "plan": "Show what would change, why, and what policy says",
    "show": "Show a saved plan, offline",
    "approve": "Sign that a plan may be carried out",
    "apply": "Make an environment what a commit declares, or nothing",
    "status": "Show desired and observed, health, drift, holds, evidence",
    "ci": "All that a pipeline needs in one run: plans, reports, one comment",
    "explain": "Say why a resource is in its state, and what would move it",
    "build": "Build what a Build declares, or tell whether it can work",
    "bom": "Print a bill of materials of a model or a deployment",
    "evaluate": "Run the evaluations that are required, without moving traffic",
    "scan": "Look into weights and datasets for what must not be in them, and record it",
    "reconcile": "Keep an environment true: apply, watch, take back, say so in git",
    "rollout": "Tell a rollout that waits to go on, or to give traffic back",
    "promote": "Move a verified release on to the next environment",
    "rollback": "Go back to the last verified release, by a commit",
    "hold": "Keep a release from being rolled out; list and lift holds",
    "policy": "Check, test and list the policies",
    "audit": "Read and verify the ledger",
    "render": "Write what an environment should be as plain files, for other tools",
    "schema": "Print the JSON Schema of a kind or of a JSON output",
    "doctor": "Check this machine: Python, git, packages, disk, permissions",
    "gc": "Remove artifacts that nothing needs; say why the rest stays",
    "down": "End what runs here; what is declared stays declared",
}
"""Verb and its line in `trueup --help`, in the order of the work."""

ASIDE = ("show", "approve", "bom", "scan", "pin", "rollout", "render", "schema", "doctor", "gc", "down")
"""Verbs that `trueup --help` only names, so that those of the main job fit a screen."""

ALONE = ("ci",)
"""Verbs that mean something without their second word."""

SUBVERBS: dict[str, dict[str, str]] = {
    "ci": {
        "post": "Post the comment that another job left in a folder, and nothing else",
    },
    "rollout": {
        "resume": "Let a rollout that waits take its next step",
        "abort": "Give all traffic of a rollout back, and take its release back in git",
    },
    "hold": {
        "add": "Keep the declared release of a deployment from being rolled out",
        "list": "List the holds in force in an environment",
        "lift": "Lift the holds of a deployment",
    },
    "policy": {
        "check": "Check the policies, or documents and plans by them",
        "test": "Run the tests of the policies, and tell what they reach",
        "list": "List the rules: enforcement, tests, coverage",
        "docs": "Print a page about each rule; which rules cover a control",
        "explain": "Say why a rule says what it says of a resource",
        "replay": "Ask policies about the past: what they would have blocked",
        "exceptions": "List the exceptions: in force, expiring, expired, last used",
        "pull": "Fetch the bundles of policies that the project names",
    },
    "audit": {
        "log": "List what was done, by whom, with which decision; newest first",
        "at": "Show what was serving at a time: model, prompt, build, policies",
        "send": "Send event sinks the records that they do not have yet",
        "verify": "Verify chain, digests and decisions of the ledger, offline",
        "export": "Export the records with who, why and on what grounds, for auditors",
        "document": "Draft a model card or technical documentation, gaps marked",
    },
}
"""Verbs that need a second word, with theirs."""


def commands() -> tuple[str, ...]:
    """Return every command as it is typed: `validate`, `audit log`."""
    return tuple(name for verb in VERBS for name in _commands(verb))


def _commands(verb: str) -> list[str]:
    alone = [verb] if verb not in SUBVERBS or verb in ALONE else []
    return [*alone, *(f"{verb} {sub}" for sub in SUBVERBS.get(verb, ()))]


def module_name(command: str) -> str:
    """Return the module of a command: `trueup.cli.commands.audit.log`."""
    return "trueup.cli.commands." + command.replace(" ", ".")
