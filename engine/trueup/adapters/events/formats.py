"""A ledger record as a CloudEvents 1.0 event, and as OpenLineage run events.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md and
https://openlineage.io/spec/2-0-2/OpenLineage.json. Bodies and attachments stay in the ledger; who wants them has the
digest and the commit.
"""

from urllib.parse import quote
from uuid import UUID

from trueup.core.ids import parse_address
from trueup.core.json import Json, mapping_of
from trueup.ledger.codec import former_digests
from trueup.ledger.record import Record, RunOutcome

CLOUDEVENTS, OPENLINEAGE = "cloudevents", "openlineage"
CONTENT_TYPES = {CLOUDEVENTS: "application/cloudevents+json; charset=utf-8", OPENLINEAGE: "application/json"}

_RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_CUSTOM = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet"
_JOB_TYPE = "https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
_VERSION = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
_ENDS = {
    RunOutcome.DONE: "COMPLETE",
    RunOutcome.NOTED: "COMPLETE",
    RunOutcome.DENIED: "ABORT",
    RunOutcome.PARTIAL: "FAIL",
    RunOutcome.FAILED: "FAIL",
}
_INPUTS = frozenset({"Model", "Adapter", "Dataset", "Prompt"})


def event_id(record: Record) -> str:
    """Return what tells a record from others for good: the digest it had first, wherever it stands now."""
    return (*former_digests(record), record.digest)[0]


def events_of(record: Record, kind: str, project: str, tool: str) -> list[dict[str, Json]]:
    """Return *record* as events of the format *kind*, in the order they are to be sent."""
    return [cloud_event(record, project)] if kind == CLOUDEVENTS else run_events(record, project, tool)


def cloud_event(record: Record, project: str) -> dict[str, Json]:
    """Return *record* as a CloudEvents event in structured JSON."""
    draft = record.draft
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": event_id(record),
        "source": f"urn:trueup:{quote(project, safe='')}",
        "type": f"trueup.{draft.kind.value}.{draft.outcome.value}",
        "time": _time(record),
        "datacontenttype": "application/json",
        "data": _data(record),
    }
    return {**event, "subject": draft.environment} if draft.environment else event


def run_events(record: Record, project: str, tool: str) -> list[dict[str, Json]]:
    """Return *record* as the two OpenLineage events that a run needs, its start and its end."""
    draft = record.draft
    producer = f"urn:trueup:{quote(tool, safe='')}"
    namespace = f"trueup:{quote(project, safe='')}"
    about: dict[str, Json] = {"_producer": producer, "_schemaURL": _CUSTOM, **_data(record)}
    run: dict[str, Json] = {"runId": _run_id(record), "facets": {"trueup_record": about}}
    job_type: dict[str, Json] = {
        "_producer": producer,
        "_schemaURL": _JOB_TYPE,
        "processingType": "BATCH",
        "integration": "TRUEUP",
        "jobType": draft.kind.value.upper(),
    }
    name = f"{draft.kind.value}.{draft.environment}" if draft.environment else draft.kind.value
    job: dict[str, Json] = {"namespace": namespace, "name": name, "facets": {"jobType": job_type}}
    datasets = [(address, parse_address(address)) for address in draft.resources]
    inputs = [_dataset(a, namespace, producer, i.version) for a, i in datasets if i is not None and i.kind in _INPUTS]
    outputs = [_dataset(a, namespace, producer, "") for a, i in datasets if i is not None and i.kind == "Deployment"]
    shared: dict[str, Json] = {"eventTime": _time(record), "producer": producer, "schemaURL": _RUN_EVENT}
    shared |= {"run": run, "job": job, "inputs": list(inputs), "outputs": list(outputs)}
    return [{**shared, "eventType": "START"}, {**shared, "eventType": _ENDS[draft.outcome]}]


def _data(record: Record) -> dict[str, Json]:
    draft = record.draft
    outcomes = [mapping_of(decision).get("outcome") for decision in draft.decisions]
    return {
        "sequence": record.sequence,
        "digest": record.digest,
        "commit": record.commit,
        "kind": draft.kind.value,
        "outcome": draft.outcome.value,
        "environment": draft.environment,
        "actor": draft.actor,
        "revision": draft.revision,
        "plan": draft.plan,
        "resources": list(draft.resources),
        "decisions": [outcome for outcome in outcomes if isinstance(outcome, str)],
    }


def _dataset(address: str, namespace: str, producer: str, version: str) -> dict[str, Json]:
    facet: dict[str, Json] = {"_producer": producer, "_schemaURL": _VERSION, "datasetVersion": version}
    return {"namespace": namespace, "name": address, "facets": {"version": facet} if version else {}}


def _run_id(record: Record) -> str:
    """Return a UUID that is the same each time the record is sent."""
    return str(UUID(hex=event_id(record).rpartition(":")[2][:32], version=5))


def _time(record: Record) -> str:
    return record.draft.at.isoformat().replace("+00:00", "Z")
