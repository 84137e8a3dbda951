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
UNPINNED_TOOLCHAIN = Code(
    "RES005",
    "A build does not say which versions build it",
    "Another version of the tools gives other bytes. A build whose tools are not declared would take the same place in "
    "the store whatever they were, and one made by other versions would be served in place of the one reviewed.",
    "Declare the versions under `toolchain`, or an image by its digest, which pins all of them.",
)
UNPINNED_CAPABILITY = Code(
    "RES006",
    "An engine for a compute capability that is not said",
    "With `tuning: capability` an engine is kept for its compute capability, not for one product.",
    "Declare `computeCapability`, or take `tuning: capability` out.",
)
UNPINNED_ARGUMENT = Code(
    "RES007",
    "A build reads a file that no digest pins",
    "An argument of the build names a file. Its content changes what is built, and nothing declares what it must be.",
    "Do what the hint says: each such argument has another way.",
)
PROMPT_TEST = Code(
    "RES008",
    "A test of a prompt is wrong, or does not hold",
    "Each test is filled in and each of its assertions read when the prompt is declared, which needs no model. An "
    "assertion that nobody understands would be left out in silence, and one without an answer to look at would pass.",
    "Correct what the detail says; the types of assertions are listed in docs/evaluate.md.",
)
UNKNOWN_EVALUATION = Code(
    "RES009",
    "An analysis watches an evaluation that nobody runs",
    "A metric `evaluation/metric` of a rollout is measured by an evaluation that the environment requires of the new "
    "release. Without one the step would wait for a number that never comes.",
    "Name an evaluation of `evaluations.required`, or require it there.",
)

CODES = (
    UNKNOWN_ENVIRONMENT,
    UNSUPPORTED_TARGET,
    SHARED_NAME,
    NO_REPLICAS,
    UNPINNED_TOOLCHAIN,
    UNPINNED_CAPABILITY,
    UNPINNED_ARGUMENT,
    PROMPT_TEST,
    UNKNOWN_EVALUATION,
)
