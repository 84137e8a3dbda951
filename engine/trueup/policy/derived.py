"""Facts computed for rules, because Rego engines compute them differently or cannot see them.

The secrets of a document are found before they are masked: a rule sees where they are, never what they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime

from trueup.builds.network import Network
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.masks import is_secret_name, masked
from trueup.observed.state import ObservedState
from trueup.policy.facts.base import BaseResources, loosened
from trueup.policy.facts.builds import build_facts
from trueup.policy.facts.capacity import capacity_facts, demands
from trueup.policy.facts.components import components, images
from trueup.policy.facts.cost import environment_cost
from trueup.policy.facts.freeze import freeze_facts
from trueup.policy.facts.lifecycle import lifecycles
from trueup.policy.facts.lineage import lineage, spec_of
from trueup.policy.facts.prompts import prompt_findings
from trueup.policy.facts.release_changes import replaced_parts
from trueup.policy.facts.reviews import PolicyFacts, reviews
from trueup.policy.facts.soak import soak_facts
from trueup.policy.licenses import alternatives
from trueup.spec.resource import Path

_CODE_SUFFIXES = ("bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "npy", "h5", "keras", "mar", "nemo")
"""Endings of weight files that can run code when they are loaded."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Declared documents by address, as they are and with secrets masked; the same object where none is."""

    declared: Mapping[str, Json]
    shown: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Subject:
    """What facts are about.

    Attributes:
        desired: The whole environment.
        settings: Settings of the environment, masked.
        changed: The deployments that the plan rolls out.
        observed: What is observed for the environment.
        installed: Versions of packages where the target runs, by their names.
        networks: Networks that were read from configurations, by address of the Model.
    """

    desired: DesiredState
    settings: Json
    changed: tuple[DesiredDeployment, ...]
    observed: ObservedState
    installed: Mapping[str, str]
    networks: Mapping[str, Network] = field(default_factory=dict)


def derive(
    subject: Subject, documents: Documents, policies: PolicyFacts, base: BaseResources | None, now: datetime
) -> dict[str, Json]:
    """Return the derived facts; those that need an unknown base or unknown rules are left out."""
    environment, today = subject.desired.environment, now.date()
    facts: dict[str, Json] = {
        **_secret_facts(documents),
        **_document_facts(documents.shown),
        "lifecycle": lifecycles(documents.shown, today),
        "freeze": freeze_facts(subject.settings, now),
        "soak": soak_facts(subject.changed, environment, subject.observed.upstream),
        "evidenceAgeDays": {e.key: (now - e.completed_at).days for e in reversed(subject.observed.evidence)},
        **_deployment_facts(subject, documents.shown),
        **_environment_facts(subject, documents.shown),
    }
    if base is not None:
        facts["evaluationChanges"] = loosened(base, ResourceId("Environment", environment.name))
    if policies.rules is not None:
        facts["reviews"] = reviews(policies.rules, today)
    return facts


def _secret_facts(documents: Documents) -> dict[str, Json]:
    """Return where documents hold what they should not; only these facts look at them unmasked."""
    secrets = {a: list(secret_places(d)) for a, d in sorted(documents.declared.items()) if d is not documents.shown[a]}
    return {
        "secrets": [{"address": a, "path": masked(list(path))} for a, paths in secrets.items() for path in paths],
        "prompts": prompt_findings(documents.declared, secrets),
    }


def _document_facts(documents: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts that are about documents alone."""
    ordered = sorted(documents.items())
    return {
        "licenses": {a: facts for a, d in ordered if (facts := _licenses(d)) is not None},
        "lineage": lineage(documents),
        "artifacts": {a: facts for a, d in ordered if (facts := _artifact(d)) is not None},
        "images": images(documents),
        "purposes": [{"address": a, "categories": _categories(d)} for a, d in ordered if a.startswith("System/")],
    }


def _deployment_facts(subject: Subject, documents: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts about what the plan rolls out."""
    settings = subject.settings
    routes = {r.deployment: r for r in subject.observed.target.routes}
    return {
        "components": components(subject.changed, documents, subject.installed),
        "builds": {
            str(d.id): build_facts(d, documents, settings, subject.installed, subject.networks, subject.observed)
            for d in subject.changed
        },
        "releaseChanges": {str(d.id): replaced_parts(d, routes[d.id]) for d in subject.changed if d.id in routes},
    }


def _environment_facts(subject: Subject, documents: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts about the whole environment, what the plan does not touch included."""
    settings = subject.settings
    demanded = demands(subject.desired.deployments, documents)
    return {
        "capacity": capacity_facts(demanded, settings),
        "cost": environment_cost(subject.desired, subject.observed, settings, demanded, documents),
    }


def secret_places(document: Json) -> Iterator[Path]:
    """Yield the paths of values that look like secrets, in document order."""
    stack: list[tuple[Path, Json, bool]] = [((), document, False)]
    while stack:
        path, value, is_secret = stack.pop()
        if isinstance(value, Mapping):
            for key, child in reversed(list(value.items())):
                if masked(key) != key:
                    yield (*path, key)
                stack.append(((*path, key), child, is_secret or is_secret_name(key)))
        elif isinstance(value, list | tuple):
            stack.extend(((*path, i), child, is_secret) for i, child in reversed(list(enumerate(value))))
        elif isinstance(value, str) and masked(value, "password" if is_secret else "") != value:
            yield path


def _categories(document: Json) -> list[Json]:
    declared = spec_of(document).get("purposeCategories")
    return [str(c).strip().lower() for c in declared] if isinstance(declared, list | tuple) else []


def _licenses(document: Json) -> Json:
    """Return the alternatives that satisfy all of a document's licence expressions; None when it needs none.

    An expression that is none gives null in `alternatives`, which no allow-list contains.
    """
    kind = document.get("kind") if isinstance(document, Mapping) else None
    spec = spec_of(document)
    match kind:
        case "Model" | "Adapter":
            key, declared = "licenses", spec.get("licenses")
        case "Dataset":
            key, declared = "license", spec.get("license")
        case _:
            return None
    texts = [declared] if isinstance(declared, str) else declared
    expressions = [str(t) for t in texts] if isinstance(texts, list | tuple) else []
    facts: list[Json] = []
    for expression in expressions:
        found = alternatives(expression)
        facts.append({"expression": expression, "alternatives": None if found is None else [list(a) for a in found]})
    return {"field": key, "expressions": facts}


def _artifact(document: Json) -> Json:
    """Return what a source's address says of its bytes; None when the document has no source."""
    source = spec_of(document).get("source")
    if not isinstance(source, Mapping):
        return None
    uri = str(source.get("uri") or "")
    path = uri.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    name = path.rsplit("/", 1)[-1]
    suffix = name.rsplit(".", 1)[1].lower() if "." in name else ""
    files = source.get("files")
    endings = {str(f).rsplit(".", 1)[-1].lower() for f in files} if isinstance(files, list | tuple) else set()
    return {
        "scheme": uri.split(":", 1)[0].lower() if ":" in uri else "",
        "suffix": suffix,
        "runsCode": suffix in _CODE_SUFFIXES or bool(endings & set(_CODE_SUFFIXES)),
    }
