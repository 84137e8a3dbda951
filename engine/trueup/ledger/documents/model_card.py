"""A model card, drafted: sections as Hugging Face's template has them, and the metadata that its hub reads.

Source of the format: https://huggingface.co/docs/hub/model-cards and its metadata specification.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from trueup.core.json import Json, mapping_of
from trueup.ledger.documents import findings
from trueup.ledger.documents.asking import Ask, Template, answered
from trueup.ledger.documents.drafts import (
    Declared,
    Dossier,
    Facts,
    Gap,
    Item,
    Section,
    Statement,
    spelled,
    split,
    value_at,
)

PREFACE = (
    "Drafted from what is declared and recorded. Each statement names the resource, record or evidence that it comes "
    "from; what nothing says is marked as a gap."
)
_HUB = "hf://"
_HUB_LICENSES = frozenset(
    {
        "apache-2.0",
        "mit",
        "bsd-2-clause",
        "bsd-3-clause",
        "isc",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl-2.1",
        "lgpl-3.0",
        "agpl-3.0",
        "mpl-2.0",
        "cc0-1.0",
        "cc-by-4.0",
        "cc-by-sa-4.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nc-nd-4.0",
        "unlicense",
        "wtfpl",
    }
)
"""SPDX identifiers, in lower case, that the hub knows as such."""

_DETAILS = (
    Ask("made by", "Model", "spec.vendor"),
    Ask("who answers for it here", "Model", "metadata.owner"),
    Ask("family", "Model", "spec.family", optional=True),
    Ask("architecture", "Model", "spec.architecture"),
    Ask("parameters", "Model", "spec.paramSize"),
    Ask("languages", "Model", "spec.capabilities.languages"),
    Ask("licences", "Model", "spec.licenses"),
    Ask("made from", "Model", "spec.baseModel", optional=True),
    Ask("how it was made from that", "Model", "spec.relation", optional=True),
    Ask("weights", "Model", "spec.source.uri"),
    Ask("revision at the source", "Model", "spec.source.revision", optional=True),
    Ask("digest of the weights", "Model", "spec.source.digest"),
    Ask("phase", "Model", "spec.lifecycle.phase", optional=True),
    Ask("card of its makers", "Model", "spec.card", optional=True),
)
_TECHNICAL = (
    Ask("format", "Model", "spec.format"),
    Ask("type of the weights", "Model", "spec.precision"),
    Ask("quantization of the source", "Model", "spec.quantization", optional=True),
    Ask("longest context", "Model", "spec.contextLength"),
    Ask("sizes of the network", "Model", "spec.dimensions", optional=True),
    Ask("tokenizer", "Model", "spec.tokenizer", optional=True),
    Ask("runs code that comes with it", "Model", "spec.trustRemoteCode", optional=True),
    Ask("signature", "Model", "spec.signature"),
    Ask("how the served artifact is made", "Build", "spec.mode", optional=True),
    Ask("served by", "Deployment", "spec.runtime.engine", optional=True),
)
SECTIONS = (
    ("Model details", Template("", "Description", "What it is, who made it, from what.", _DETAILS)),
    (
        "Uses",
        Template(
            "",
            "Use that is meant",
            "What it is for, who uses it, whom it touches.",
            (
                Ask("intended purpose", "System", "spec.intendedPurpose"),
                Ask("uses", "System", "spec.useCases"),
                Ask("users", "System", "spec.users"),
                Ask("who is affected", "System", "spec.affectedGroups"),
            ),
            "model-card.out-of-scope",
            "use that is not meant",
        ),
    ),
    (
        "Bias, risks and limitations",
        Template(
            "",
            "Limits",
            "What it does badly, and whom that may harm.",
            (
                Ask("limits", "System", "spec.technicalLimitations"),
                Ask("risks and what is done about them", "System", "spec.ethicalConsiderations"),
                Ask("known bias of the data", "Dataset", "spec.knownBias"),
            ),
            "model-card.risks",
        ),
    ),
    (
        "How to get started",
        Template(
            "",
            "Use it",
            "How a client asks it.",
            (Ask("name that clients send", "Deployment", "spec.gateway.modelName", optional=True),),
            "model-card.get-started",
            "how to use it",
        ),
    ),
    (
        "Training",
        Template(
            "",
            "Data and procedure",
            "What it was trained on, and how.",
            (
                Ask("trained on", "Model", "spec.datasets"),
                Ask("method", "Model", "spec.training.method"),
                Ask("hyperparameters", "Model", "spec.training.hyperparameters"),
                Ask("trainer", "Model", "spec.training.trainer", optional=True),
                Ask("run", "Model", "spec.training.run", optional=True),
            ),
            "model-card.training",
        ),
    ),
    (
        "Evaluation",
        Template(
            "",
            "Data, metrics and results",
            "What was measured, on what, with which result.",
            (
                Ask("category", "Evaluation", "spec.category"),
                Ask("data", "Evaluation", "spec.dataset", optional=True),
                Ask("values that must be reached", "Evaluation", "spec.metricDecisionThreshold", optional=True),
            ),
            "model-card.evaluation",
        ),
    ),
    (
        "Environmental impact",
        Template(
            "",
            "What training took",
            "Hardware, hours, energy.",
            (
                Ask("accelerator hours", "Model", "spec.training.compute.gpuHours"),
                Ask("energy in kWh", "Model", "spec.training.compute.energyKwh"),
            ),
            "model-card.environment",
        ),
    ),
    ("Technical specifications", Template("", "Specification", "What it needs and how it is built.", _TECHNICAL)),
    (
        "Contact",
        Template(
            "",
            "Whom to ask",
            "Who answers questions.",
            (Ask("contacts", "System", "spec.contacts"),),
            "model-card.contact",
        ),
    ),
)
"""The template in order; each section is one item."""


def model_card(facts: Facts) -> Dossier:
    """Return the draft of the card of a Model; *facts* are of it and of the deployments that serve it."""
    # Of other models, such as the one that it was made from, the card says no more than their names.
    own = replace(facts, declared=tuple(d for d in facts.declared if d.kind != "Model" or d.address == facts.subject))
    sections = tuple(Section(title, (_item(title, template, own),)) for title, template in SECTIONS)
    model = next(d for d in facts.of("Model") if d.address == facts.subject)
    front = tuple((key, value) for key, value in _front(model, facts) if value)
    missing = tuple(_missing(model, dict(front)))
    return Dossier("model-card", facts.subject.split("/")[-1], PREFACE, facts, sections, front, missing)


def _item(title: str, template: Template, facts: Facts) -> Item:
    more = _MORE.get(title)
    statements, gaps = split(more(facts)) if more else ([], [])
    return answered(template, facts, "Model", statements, gaps)


def _results(facts: Facts) -> Iterator[Statement | Gap]:
    yield from findings.measured(facts)
    yield from findings.unmeasured(facts)
    if not facts.required:
        yield Gap("results", f"No evaluation is required where `{facts.subject}` is served, or it is served nowhere.")


_MORE: dict[str, Callable[[Facts], Iterator[Statement | Gap]]] = {
    "Model details": findings.serving,
    "Evaluation": _results,
}


def _front(model: Declared, facts: Facts) -> Iterator[tuple[str, Json]]:
    """Yield the metadata in the order of the hub's specification."""
    document = model.document
    yield "language", value_at(document, "spec.capabilities.languages")
    yield from _license(document)
    yield "pipeline_tag", value_at(document, "spec.task")
    yield "base_model", [on_hub for d in _bases(document, facts) if (on_hub := _on_hub(d))]
    yield "base_model_relation", value_at(document, "spec.relation")
    trained = [_named(facts, "Dataset", name) for name in _names(document, "spec.datasets")]
    yield "datasets", [on_hub for d in trained if d and (on_hub := _on_hub(d))]
    yield "model-index", _index(model, facts)


def _license(document: Json) -> Iterator[tuple[str, Json]]:
    licenses = _names(document, "spec.licenses")
    known = [name.lower() for name in licenses if name.lower() in _HUB_LICENSES]
    name = spelled(value_at(document, "spec.licenseName"))
    if licenses and len(known) == len(licenses):
        yield "license", known[0] if len(known) == 1 else known
    elif licenses or name:
        yield "license", "other"
        yield "license_name", name or ", ".join(licenses)
        yield "license_link", value_at(document, "spec.licenseLink")


def _index(model: Declared, facts: Facts) -> Json:
    """Return the results as the hub's leaderboards read them: evidence that is real, and nothing else."""
    results: list[Json] = []
    for found in facts.measured:
        evidence = found.evidence
        declared = _named(facts, "Evaluation", evidence.evaluation.split("/", 1)[1])
        dataset = spelled(value_at(declared.document, "spec.dataset")) if declared else ""
        if evidence.simulated or not evidence.measurements:
            continue
        metrics: list[Json] = [
            {"type": m.metric, "name": f"{m.metric} ({m.unit})", "value": m.value, "verified": False}
            for m in evidence.measurements
            if not m.slice
        ]
        results.append(
            {
                "task": {"type": spelled(value_at(model.document, "spec.task")) or "text-generation"},
                "dataset": {"name": dataset or evidence.evaluation, "type": dataset or evidence.evaluation},
                "metrics": metrics,
                "source": {"name": f"{evidence.evaluation} for {found.deployment}, evidence {evidence.digest}"},
            }
        )
    return [{"name": model.address.split("/")[-1], "results": results}] if results else []


def _missing(model: Declared, front: dict[str, Json]) -> Iterator[Gap]:
    wanted = (
        ("language", "spec.capabilities.languages"),
        ("license", "spec.licenses"),
        ("pipeline_tag", "spec.task"),
        ("datasets", "spec.datasets"),
        ("model-index", ""),
    )
    for key, path in wanted:
        if key in front:
            continue
        if path and spelled(value_at(model.document, path)):
            advice = "What is declared comes from nowhere on the hub, which has no name for it."
        elif path:
            advice = f"Declare `{path}` of `{model.address}`."
        else:
            advice = "Nothing was measured of it that the ledger has."
        yield Gap(f"metadata `{key}`", advice)
    if spelled(value_at(model.document, "spec.baseModel")) and "base_model" not in front:
        advice = "The base model comes from nowhere on the hub, which has no name for it."
        yield Gap("metadata `base_model`", advice)


def _bases(document: Json, facts: Facts) -> Iterator[Declared]:
    for name in _names(document, "spec.baseModel"):
        found = _named(facts, "Model", name)
        if found is not None:
            yield found


def _named(facts: Facts, kind: str, name: str) -> Declared | None:
    return next((d for d in facts.of(kind) if d.address == f"{kind}/{name}"), None)


def _names(document: Json, path: str) -> list[str]:
    value = value_at(document, path)
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _on_hub(declared: Declared) -> str:
    """Return `owner/name` of what comes from the hub; empty for what does not."""
    uri = mapping_of(value_at(declared.document, "spec.source")).get("uri")
    return uri.removeprefix(_HUB) if isinstance(uri, str) and uri.startswith(_HUB) else ""
