"""What can be wrong with a policy engine on a server, and with two engines that must agree."""

from trueup.core.diagnostics import Code

UNREACHABLE = Code(
    "POL041",
    "OPA server cannot be reached",
    "The server did not answer: no connection, no certificate that is trusted, or nothing within the time. A "
    "decision that was not made denies.",
    "Look whether the server runs at the url of `policies.engine`, and whether `ca`, `certificate` and "
    "`timeoutSeconds` fit it.",
)
REFUSED = Code(
    "POL042",
    "OPA server refuses the request",
    "The server answered that this client may not do what it asked for, or has no such path.",
    "Give the token of `policies.engine` the right to put policies and data, and to query them; an url has no path.",
)
POLICY_REFUSED = Code(
    "POL043",
    "OPA server does not take the policies",
    "The checks here found nothing wrong, and the server's compiler did: types that cannot meet, or a builtin that its "
    "version does not have.",
    "Correct the place that the message names, or run a newer OPA server.",
)
ANSWER = Code(
    "POL044",
    "OPA server's answer cannot be used",
    "The answer has another shape than OPA's, has no result, or is not about the policies that were sent. Nothing is "
    "taken from such an answer.",
    "Look whether a proxy answers in the server's place, and whether something else removes policies from it.",
)
VERSION = Code(
    "POL045",
    "OPA server of another version",
    "The server does not say its version, or is older than what the policies need: 1.0 for Rego v1, 1.17 for "
    "`import future.keywords.not`.",
    "Run a newer OPA server.",
)
SETTINGS = Code(
    "POL046",
    "Settings of the policy engine are wrong",
    "The url, a file or the reference to the token cannot be used.",
    "Correct `policies.engine` in the project file.",
)
ENGINES_DIFFER = Code(
    "POL047",
    "Engines decide differently",
    "The embedded engine and the OPA server gave different results for one document. Nobody can tell which one is "
    "meant, so the decision is to deny.",
    "Compare the results that are named, and write the rule so that both agree; `docs/policy/engines.md` lists what "
    "engines compute differently.",
)
CLIENT_MISSING = Code(
    "POL048",
    "Client of OPA is not installed",
    "A policy engine on a server is asked through `opa-python-client`, which is not installed.",
    "Install it: `pip install 'trueup[opa]'`.",
)

CODES = (UNREACHABLE, REFUSED, POLICY_REFUSED, ANSWER, VERSION, SETTINGS, ENGINES_DIFFER, CLIENT_MISSING)
