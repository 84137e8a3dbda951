"""Codes of what cannot be resolved although each document is right by itself."""

from trueup.core.diagnostics import Code

UNKNOWN_ENVIRONMENT = Code(
    "RES001",
    "No such environment",
    "No Environment of that name is declared at this revision.",
    "Name one that is declared, with `-e`.",
)
UNSUPPORTED_TARGET = Code(
    "RES002",
    "The target is not built into this version",
    "The Environment declares a target this version of trueup cannot run.",
    "Use `type: process`.",
)
SHARED_NAME = Code(
    "RES003",
    "Two deployments claim one model name",
    "Clients choose a deployment of an environment by the `model` they send; each name can mean one deployment only.",
    "Give one of them another `gateway.modelName`.",
)
NO_REPLICAS = Code(
    "RES004",
    "A deployment without a server",
    "Nothing would answer for it: neither its evaluations nor its clients. A target that wakes servers on demand is "
    "not built into this version.",
    "Declare one replica at least, or delete the deployment.",
)

CODES = (UNKNOWN_ENVIRONMENT, UNSUPPORTED_TARGET, SHARED_NAME, NO_REPLICAS)
