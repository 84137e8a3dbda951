"""Codes of the process target: what can go wrong between a command and a model server that answers."""

from trueup.core.diagnostics import Code

STATE_UNWRITABLE = Code(
    "RUN001",
    "State of the target cannot be written",
    "The target keeps what should run, what runs and the logs under `.trueup/targets/<environment>/`. A file there "
    "could not be written: no permission, a full disk, or something that is not a folder in the way.",
    "Make the folder writable or free some space, then run the command again; nothing was half done.",
)
SUPERVISOR_SILENT = Code(
    "RUN002",
    "Supervisor does not answer",
    "Every environment has one supervisor process. It was started, and did not take up its work in time.",
    "Read `supervisor.log` in the environment's folder; run the command again when the machine is less busy.",
)
SERVER_DIED = Code(
    "RUN003",
    "Model server ended while starting",
    "The server process ended before it was ready. Its last log lines say why.",
    "Correct what the log complains about (a runtime argument, a missing library), then apply again.",
)
SERVER_NEVER_READY = Code(
    "RUN004",
    "Model server did not become ready in time",
    "The process lives, but its health check or its first completion did not succeed within the declared time.",
    "Give it more time with `readyTimeoutSeconds`, or a machine with more free processor and memory.",
)
SERVER_NONSENSE = Code(
    "RUN005",
    "Model server answers with nothing or with one repeated token",
    "The server says it is healthy, but a real completion came back empty or constant. Damaged weights (NaN) look "
    "exactly like this, and no health check sees it, so the server gets no traffic.",
    "Check the model's artifact and its build; a model that answers like this must not be served.",
)
ARTIFACT_UNREADABLE = Code(
    "RUN006",
    "Runtime cannot load the artifact",
    "The runtime refused the file: absent, cut short, damaged, or in a format that this runtime does not read.",
    "Verify the artifact's digest, build it again, or declare a runtime that reads its format.",
)
PORT_TAKEN = Code(
    "RUN007",
    "Port is taken",
    "Another process already listens where the gateway or a server should listen.",
    "End the other process, or declare another `port` in the Environment (0 takes a free one and keeps it).",
)
INTERPRETER_MISSING = Code(
    "RUN008",
    "Runtime's interpreter is missing or lacks the runtime",
    "A runtime may live in a Python environment of its own. The declared interpreter does not exist, cannot be "
    "executed, or the runtime's package is not installed in it.",
    "Install the runtime into that environment, or correct `interpreter` in the deployment's `runtime`.",
)
OUT_OF_MEMORY = Code(
    "RUN009",
    "Model server was killed, most likely for want of memory",
    "The process was ended by signal 9, which nobody of ours sent. The kernel does so when memory runs out.",
    "Use a smaller or more strongly quantized model, fewer slots, less context, or a machine with more memory.",
)
ARGUMENT_INVALID = Code(
    "RUN010",
    "Runtime argument is unknown or out of range",
    "Every runtime documents its own arguments. One of them is unknown to it, has the wrong type, or asks for more "
    "than this machine has. More threads than cores make a server hundreds of times slower, so they are refused.",
    "Correct the deployment's `runtime`.",
)
RUNTIME_UNKNOWN = Code(
    "RUN011",
    "Runtime is unknown",
    "Runtimes are found by entry point (group `trueup.runtimes`). None has this name.",
    "Correct `runtime.engine`, or install the package that brings the runtime.",
)
GATEWAY_DIED = Code(
    "RUN012",
    "Gateway does not start",
    "The gateway process ended or did not answer in time. Its last log lines say why.",
    "Read `logs/gateway.log` in the environment's folder, then apply again.",
)
STATE_FOREIGN = Code(
    "RUN013",
    "State of the target was written by another version",
    "The files under `.trueup/targets/<environment>/` have a format that this version does not know.",
    "Use the version that wrote them, or shut the environment down with it first.",
)
STILL_RUNNING = Code(
    "RUN014",
    "Process does not end",
    "A process was asked to end, then killed, and is still there after the time it was given.",
    "Look at the process (it may hang in the kernel on a disk or a device), then run the command again.",
)
ENVIRONMENT_NAME = Code(
    "RUN015",
    "Environment cannot have a folder of this name",
    "The name of an environment becomes a folder of the target's state; it must not be empty, start with a dot or "
    "contain a separator.",
    "Name the environment with letters, digits and dashes.",
)

CODES = (
    STATE_UNWRITABLE,
    SUPERVISOR_SILENT,
    SERVER_DIED,
    SERVER_NEVER_READY,
    SERVER_NONSENSE,
    ARTIFACT_UNREADABLE,
    PORT_TAKEN,
    INTERPRETER_MISSING,
    OUT_OF_MEMORY,
    ARGUMENT_INVALID,
    RUNTIME_UNKNOWN,
    GATEWAY_DIED,
    STATE_FOREIGN,
    STILL_RUNNING,
    ENVIRONMENT_NAME,
)
