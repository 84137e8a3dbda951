"""What a declaration asks for and nothing here carries out: a violation, so that it is never silence.

A freeze window that freezes nothing or a guardrail that guards nothing would be worse than none: people rely on what
is written. Some fields are carried out by a rule of the library alone: they count where that rule is asked. Judged
from the policy document and by no Rego, because what the tool can do is not the repository's to say; settings of the
environment do not soften it. A PolicyException lifts it, for a field that is declared ahead.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from trueup.core.json import Json, mapping_of
from trueup.desired.monitors import why_not
from trueup.policy.decision import Enforcement, Violation
from trueup.spec.resource import Path

RULE = "TU-01"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Declared, and carried out"

_EMPTY: tuple[Json, ...] = (None, False, 0, "", [], (), {})

_Field = tuple[str, tuple[Json, ...], str]
"""Dotted path below `spec`, values that ask for nothing besides empty ones, and what does not happen."""

_DOCUMENTS: Mapping[str, tuple[_Field, ...]] = {
    "Deployment": (
        ("release.adapters", (), "adapters are not loaded"),
        ("runtime.version", (), "the version of a runtime is not checked"),
        ("runtime.image", (), "no image is run"),
        ("scaling", (), "the number of servers does not follow the load; declare `replicas`"),
        ("resources.accelerator", (), "no accelerator is given to a server"),
        ("resources.count", (), "no accelerator is given to a server"),
        ("rollout.drainTimeout", (), "set `drainTimeoutSeconds` under `runtime.args`"),
        ("rollout.progressDeadline", (), "set `readyTimeoutSeconds` under `runtime.args`"),
        ("rollout.mirror.sideEffects", ("disabled",), "copies are answered by the model alone, and no tool acts"),
        ("guardrails", (), "nothing checks what goes in and comes out"),
        ("logging.content", ("none",), "no content of requests is kept"),
        ("tracing", (), "no spans are sent"),
        ("fallbacks", (), "no other deployment answers in its place"),
        ("fieldsManagedElsewhere", (), "every field is reconciled"),
    ),
    "Model": (
        ("tokenizer", (), "the tokenizer beside the weights is used"),
        ("chatTemplate", (), "the chat template beside the weights is used"),
    ),
    "Prompt": (
        ("responseFormat", (), "answers are not held to a format; a client can ask for one"),
        ("tools", (), "the model is offered no tools; a client can offer them"),
    ),
    "Build": (
        ("parity.task", (), "no task is scored; declare `parity.logits`, or require an Evaluation"),
        ("parity.samples", (), "no task is scored"),
        ("parity.theta", (), "no task is scored"),
        ("parity.alpha", (0.05,), "no task is scored"),
    ),
}
_SETTINGS: tuple[_Field, ...] = (("verification", (), "no signature is verified"),)
_ENGINES: tuple[_Field, ...] = (
    ("parity.logits", (), "an engine runs on its own accelerator alone; require an Evaluation of what it serves"),
)
_ENGINE_MODES = ("engine", "edge_engine")
_BY_RULE: tuple[tuple[str, str], ...] = (
    ("approvals.required", "RO-05"),
    ("approvals.roles", "RO-05"),
    ("freezeWindows", "RO-07"),
    ("quota", "CC-02"),
    ("budget", "CC-03"),
    ("soakTime", "RO-01"),
)
"""Fields of an Environment that one rule carries out, and that rule."""


def not_carried_out(document: Mapping[str, Json], rules: Collection[str] | None = ()) -> Iterator[Violation]:
    """Yield a violation for each declared field that changes nothing, of what the plan rolls out or deletes.

    Args:
        document: The policy document.
        rules: Ids of the rules that were asked; None when nobody knows, and then nothing is said of theirs.
    """
    if _at(document, "change.operations") in _EMPTY:
        return
    environment = _at(document, "environment.name")
    unasked = (
        (dotted, (), f"rule `{rule}` does, and the policies do not have it")
        for dotted, rule in _BY_RULE
        if rules is not None and rule not in rules
    )
    for field in (*_SETTINGS, *unasked):
        yield from _violations(f"Environment/{environment}", _at(document, "environment.settings"), field)
    for address in sorted(_reached(document)):
        declared = _at(document, "resources")
        resource = declared.get(address) if isinstance(declared, Mapping) else None
        for field in _fields(address.split("/", 1)[0], _at(resource, "spec.mode")):
            yield from _violations(address, _at(resource, "spec"), field)
        yield from _monitors(address, _at(resource, "spec.monitors"))


def _fields(kind: str, mode: Json) -> tuple[_Field, ...]:
    fields = _DOCUMENTS.get(kind, ())
    return (*fields, *_ENGINES) if kind == "Build" and mode in _ENGINE_MODES else fields


def _reached(document: Mapping[str, Json]) -> set[str]:
    deployments = document.get("deployments")
    reached: set[str] = set()
    for deployment in deployments if isinstance(deployments, Sequence) else ():
        if isinstance(deployment, Mapping) and deployment.get("changed") is not False:
            resources = deployment.get("resources")
            reached.update(str(r) for r in (resources if isinstance(resources, list | tuple) else ()))
    return reached


def _monitors(address: str, monitors: Json) -> Iterator[Violation]:
    """Yield a violation for each monitor that `trueup reconcile` does not watch."""
    for number, monitor in enumerate(monitors if isinstance(monitors, list | tuple) else ()):
        if why := why_not(mapping_of(monitor)):
            path: Path = ("spec", "monitors", number)
            yield _violation(address, path, f"{address} declares a monitor that nothing here carries out: {why}.")


def _violations(address: str, spec: Json, field: _Field) -> Iterator[Violation]:
    dotted, meaningless, what = field
    value = _at(spec, dotted)
    if any(value is empty or value == empty for empty in _EMPTY) or value in meaningless:
        return
    message = f"{address} declares `{dotted}`, which nothing here carries out: {what}."
    yield _violation(address, ("spec", *dotted.split(".")), message)


def _violation(address: str, path: Path, message: str) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=address,
        path=path,
        message=message,
        remediation="Remove the field, or declare a PolicyException that says what stands in for it.",
    )


def _at(value: Json, dotted: str) -> Json:
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
