"""Drafts documents for people outside: gathers what is declared, measured, serving and changed, offline."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.desired.closure import reachable
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredDeployment
from trueup.diff.masks import masked
from trueup.ledger import history
from trueup.ledger.documents.annex_iv import annex_iv
from trueup.ledger.documents.drafts import Declared, Dossier, Facts, Measured
from trueup.ledger.documents.model_card import model_card
from trueup.ledger.export.entry import Entry
from trueup.ledger.export.reading import entry_of, judged_document
from trueup.ledger.history import ServedAt
from trueup.ledger.record import Record, RecordKind
from trueup.policy.exceptions import read_waivers
from trueup.spec import kinds
from trueup.spec.resource import Resource, Resources, document_of
from trueup.workflows import codes
from trueup.workflows.audit import verify
from trueup.workflows.explain import find_address
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.loading import Invalid, environments, load
from trueup.workflows.workspace import Workspace

_CHANGES = 50
"""Changes that a document repeats; the export of the ledger has all."""
_DRAFTERS: dict[str, tuple[tuple[str, ...], Callable[[Facts], Dossier]]] = {
    "model-card": (("Model",), model_card),
    "annex-iv": (("System", "Deployment"), annex_iv),
}
"""Documents by name: of which kinds they can be, and what drafts them."""


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the ledger says of the deployments that a document is about."""

    measured: tuple[Measured, ...] = ()
    serving: tuple[ServedAt, ...] = ()
    changes: tuple[Entry, ...] = ()


def document(
    workspace: Workspace, place: LedgerPlace, kind: str, reference: str, revision: str = ""
) -> Dossier | Invalid:
    """Return the draft of a document.

    Args:
        workspace: The repository.
        place: Where its ledger is, for who has none here.
        kind: `model-card` or `annex-iv`.
        reference: What it is about: a Model; a System or a Deployment.
        revision: Commit to read; the work tree when empty.

    Raises:
        PermanentError: The reference names nothing, or nothing that such a document is about.
    """
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    subject = find_address(reference, loaded.resources)
    allowed, draft = _DRAFTERS[kind]
    if subject.kind not in allowed:
        detail = f"`{subject}` is a {subject.kind}; a document of the kind {kind} is about a {' or a '.join(allowed)}."
        raise PermanentError(codes.NO_DOCUMENT, detail)
    deployments: list[DesiredDeployment] = []
    for name in environments(loaded.resources):
        desired, problems = resolve(loaded.resources, name, loaded.tree.revision)
        if desired is None:
            return Invalid(problems)
        deployments += [d for d in desired.deployments if _is_about(d, subject, loaded.resources)]
    ledger = verify(workspace.ledger, place)
    recorded = _recorded(workspace, deployments) if ledger.is_sound and deployments else _Recorded()
    now = workspace.clock.now()
    return draft(
        Facts(
            subject=str(subject),
            revision=loaded.tree.revision,
            tool=workspace.tool,
            made_on=now.date().isoformat(),
            declared=tuple(_declared(subject, deployments, loaded.resources, now)),
            ledger=ledger,
            required=tuple((str(d.id), str(e.evaluation.id)) for d in deployments for e in d.measured),
            measured=recorded.measured,
            serving=recorded.serving,
            changes=recorded.changes[:_CHANGES],
            more_changes=len(recorded.changes) > _CHANGES,
        )
    )


def _is_about(deployment: DesiredDeployment, subject: ResourceId, resources: Resources) -> bool:
    match subject.kind:
        case "Model":
            return deployment.release.model.id == subject
        case "System":
            return kinds.deployment(resources[deployment.id]).spec.system == subject.name
        case _:
            return deployment.id == subject


def _declared(
    subject: ResourceId, deployments: list[DesiredDeployment], resources: Resources, today: datetime
) -> Iterator[Declared]:
    """Yield the subject, all that its deployments reach, and the exceptions for them in force, sorted by address."""
    own = {r.id: r for r in reachable([subject], resources)}
    found = {r.id: r for d in deployments for r in d.resources}
    if subject.kind == "Model":
        # Other models that a deployment reaches, such as one that judges, have cards of their own.
        found = {id_: r for id_, r in found.items() if id_.kind != "Model"}
    found |= own
    for id_, resource in resources.items():
        if id_.kind == "PolicyException" and any(_excuses(resource, d.id, today) for d in deployments):
            found[id_] = resource
    for id_ in sorted(found):
        yield Declared(id_.kind, str(id_), masked(document_of(found[id_])))


def _excuses(exception: Resource, deployment: ResourceId, now: datetime) -> bool:
    (waiver,) = read_waivers([exception], now)
    return replace(waiver, path="").lifts(waiver.rule, str(deployment), ())


def _recorded(workspace: Workspace, deployments: list[DesiredDeployment]) -> _Recorded:
    ledger = workspace.ledger
    named = {str(d.id) for d in deployments}
    keys = {e.key: str(d.id) for d in deployments for e in d.measured}
    newest, _ = history.newest_evidence(ledger.records(), keys)
    measured = tuple(Measured(keys[e.key], e, r.sequence, r.digest) for r, e in newest)
    serving = history.serving_at(ledger.records(), workspace.clock.now())
    runs = (r for r in ledger.records() if _is_change(r, named))
    documents = ledger.beside((r, judged_document(r)) for r in islice(runs, _CHANGES + 1))
    return _Recorded(
        tuple(sorted(measured, key=lambda m: (m.deployment, m.evidence.evaluation))),
        tuple(s for s in serving if str(s.deployment) in named),
        tuple(entry_of(record, judged) for record, judged in documents),
    )


def _is_change(record: Record, deployments: set[str]) -> bool:
    draft = record.draft
    return draft.kind in {RecordKind.APPLY, RecordKind.ROLLBACK} and not deployments.isdisjoint(draft.resources)
