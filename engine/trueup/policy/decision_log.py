"""Decisions as the ledger keeps them: events of OPA's decision log, which tools for those can read.

What such an event leaves out is kept beside it by digest: the document that was judged, the policies that judged it,
and what their rules gave. So a decision can be made again, from the record alone, when nobody has that version of
the policies any more.

Source: https://www.openpolicyagent.org/docs/management-decision-logs. `format`, `judge`, `input_digest`, `policies`,
`evaluation` and `settings` are ours; readers of such logs pass over what they do not know.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from trueup.core.digests import Digest, digest_of, digest_of_bytes, uuid_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.diff.masks import MASK
from trueup.policy.bundle_files import bundle_to_bytes, deciding, digest_of_files
from trueup.policy.decision import Decision
from trueup.policy.enforcement import Enforcing, Settings
from trueup.policy.judge import JUDGE_VERSION
from trueup.policy.results import BUNDLES, LIBRARY, Evaluation, PolicyFile

FORMAT = 2
"""Of the event. Format 1 was the bare decision, without policies and raw results."""

REPOSITORY = "repository"
"""Name, in an event, of the policies that the repository has itself."""

PLAN_PATH = "trueup/decision"
GATE_PATH = "trueup/gate"

Attachment = tuple[Digest, bytes]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of a decision: where, when, by whom and with what.

    Attributes:
        environment: Where.
        at: The time the rules saw.
        nanoseconds: What evaluating took.
        actor: Who asked.
        tool: Name and version of this tool.
        gate: It was made at the gate.
        enforcing: The settings that counted; None when those of the document did.
    """

    environment: str
    at: datetime
    nanoseconds: int
    actor: str
    tool: str
    gate: bool = False
    enforcing: Enforcing | None = None


def attachment(content: bytes) -> Attachment:
    """Return *content* with its digest, as a record keeps it."""
    return digest_of_bytes(content), content


@dataclass(frozen=True, slots=True)
class Kept:
    """The policies of a run as its records keep them.

    Attributes:
        attachment: The files, with their digest.
        parts: Where they come from: revision and digest of the library, other bundles, and the repository's own.
    """

    attachment: Attachment
    parts: Mapping[str, Json]


def keep(bundle: Sequence[PolicyFile], tool: str, revision: str) -> Kept:
    """Return *bundle* as records keep it.

    Args:
        bundle: The policies.
        tool: Name and version of this tool, which brings the library.
        revision: Commit the repository's own policies come from; empty when it is none.
    """
    parts: dict[str, list[PolicyFile]] = {}
    for file in deciding(bundle):
        parts.setdefault(_part(file.path), []).append(file)
    revisions = {"library": tool, REPOSITORY: revision}
    named: dict[str, Json] = {}
    for name, files in sorted(parts.items()):
        digest = digest_of_files(files)
        # A bundle from elsewhere is pinned by its content.
        named[name] = {"revision": revisions.get(name, digest), "digest": digest}
    return Kept(attachment(bundle_to_bytes(bundle)), named)


def evaluation_attachment(evaluation: Evaluation) -> Attachment:
    """Return what the rules gave, before anybody judged, as a record keeps it."""
    given = [{"package": r.package, "entry": r.entry, "value": r.raw} for r in evaluation.results]
    content: Json = {
        "formatVersion": 1,
        "results": sorted(given, key=canonical),
        "errors": [{"code": e.code.id, "detail": e.detail} for e in evaluation.errors],
        "rules": list(evaluation.rules),
    }
    return attachment(canonical(content))


def event(decision: Decision, document: bytes, kept: Kept, about: Circumstances, evaluation: Digest) -> dict[str, Json]:
    """Return the event that records *decision*; equal decisions in equal circumstances have one id.

    Args:
        decision: What was decided.
        document: What it was decided on.
        kept: The policies that decided.
        about: Where, when and by whom.
        evaluation: Digest of `evaluation_attachment`.
    """
    labels: Json = {"app": "trueup", "version": about.tool, "environment": about.environment, "engine": decision.engine}
    result = {k: v for k, v in decision.to_json().items() if k not in ("bundle", "input", "engine")}
    content: dict[str, Json] = {
        "format": FORMAT,
        "judge": JUDGE_VERSION,
        "labels": labels,
        "bundles": kept.parts,
        "policies": {"digest": decision.bundle, "attachment": kept.attachment[0]},
        "path": GATE_PATH if about.gate else PLAN_PATH,
        "input_digest": decision.input,
        "evaluation": evaluation,
        "settings": [_settings(s) for s in about.enforcing.settings] if about.enforcing else None,
        "erased": ["/input"],
        "masked": list(masked_pointers(document)),
        "result": result,
        "requested_by": about.actor,
        "timestamp": about.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    metrics: Json = {"timer_rego_query_eval_ns": about.nanoseconds}
    return {"decision_id": uuid_of(digest_of(content)), **content, "metrics": metrics}


def _settings(settings: Settings) -> Json:
    """Spell what one environment said of enforcement, as its `spec.policy` would."""
    return {
        "tier": "production" if settings.production else "dev",
        "enforcement": settings.cap.value,
        "severities": {k: v.value for k, v in settings.severities.items()},
        "ruleSets": {k: v.value for k, v in settings.rule_sets.items()},
        "rules": {k: v.value for k, v in settings.rules.items()},
    }


def masked_pointers(document: bytes) -> Iterator[str]:
    """Yield JSON pointers to the values of *document* that hide a secret, with `/input` before them."""
    if MASK.encode() in document:
        yield from _masked(json.loads(document), "/input")


def _masked(value: Json, pointer: str) -> Iterator[str]:
    if isinstance(value, str):
        if MASK in value:
            yield pointer
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _masked(below, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, Sequence):
        for index, below in enumerate(value):
            yield from _masked(below, f"{pointer}/{index}")


def _part(path: str) -> str:
    if path.startswith(f"{LIBRARY}/"):
        return "library"
    if path.startswith(f"{BUNDLES}/"):
        return path.split("/")[1]
    return REPOSITORY
