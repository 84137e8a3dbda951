"""Brings in what another tool measured: a file of its results becomes evidence for one release, or is refused."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.desired.evaluations import measured_subject
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.evidence.evidence import Evidence
from trueup.evidence.imported import ImportedRun, differences, evidence_of, kept_examples
from trueup.ledger.history import newest_evidence
from trueup.workflows import codes
from trueup.workflows.loading import Invalid, load
from trueup.workflows.noting import note_evidence
from trueup.workflows.workspace import Workspace

BUILTIN = "builtin"

MOST_BYTES = 8 << 20
"""A larger file is named by its digest and not kept."""


@dataclass(frozen=True, slots=True)
class BringInRequest:
    """What to bring in, and for what.

    Attributes:
        environment: Where the release is to run.
        path: File or folder of the results.
        evaluation: The Evaluation, `name@version` or its address.
        deployment: Name of the deployment; empty where only one requires the Evaluation.
        revision: What declares it.
        model: What the tool called the model; empty for the name of the route.
        completed_at: When the run ended, where the file does not say.
    """

    environment: str
    path: Path
    evaluation: str
    deployment: str = ""
    revision: str = "HEAD"
    model: str = ""
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What was brought in."""

    deployment: str
    evidence: Evidence


def bring_in(workspace: Workspace, request: BringInRequest) -> BroughtIn | Invalid:
    """Read the results, bind them to the release, and record the evidence.

    Raises:
        PermanentError: Nothing requires them (WRK010), they are about something else (WRK011), or the file is refused.
    """
    loaded = load(workspace, request.revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    desired, problems = resolve(loaded.resources, request.environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems)
    deployment, required = _required(desired, request)
    spec = _spec(deployment, required)
    suite = mapping_of(spec.get("suite"))
    tool = str(suite.get("tool") or BUILTIN)
    if tool == BUILTIN:
        detail = f"{required.evaluation.id} declares the tool `{BUILTIN}`, which measures by itself."
        raise PermanentError(codes.NOT_BROUGHT_IN, detail, hint="run `trueup evaluate`")
    run = workspace.results(tool, request.path, str(suite.get("version") or ""))
    now = workspace.clock.now()
    _check(run, deployment, request, now)
    completed = run.completed_at or request.completed_at or now
    _held_to(run, required, spec, _last(workspace, required), completed)
    evidence = evidence_of(run, required, spec, measured_subject(required, deployment), (completed, completed))
    # A file of another tool has the texts, too.
    kept = _kept(request.path) if spec.get("keepOutputs") is not False else None
    note_evidence(
        workspace,
        evidence,
        desired.revision,
        about=(str(deployment.id),),
        environment=request.environment,
        examples=kept_examples(run, spec),
        besides={"broughtIn": {"file": request.path.name, "digest": kept[0] if kept else ""}},
        attachments=(kept,) if kept else (),
    )
    return BroughtIn(str(deployment.id), evidence)


def _required(desired: DesiredState, request: BringInRequest) -> tuple[DesiredDeployment, RequiredEvaluation]:
    """Return the one deployment and evaluation that are meant."""
    address = f"Evaluation/{request.evaluation.removeprefix('Evaluation/')}"
    known = {str(e.evaluation.id) for d in desired.deployments for e in d.evaluations}
    if address not in known:
        detail = f"No deployment of `{desired.environment.name}` requires `{address}`."
        raise PermanentError(codes.NOT_REQUIRED, detail, hint=did_you_mean(address, known))
    found = [
        (d, e)
        for d in desired.deployments
        for e in d.evaluations
        if str(e.evaluation.id) == address and request.deployment in {"", d.id.name, str(d.id)}
    ]
    if len(found) != 1:
        names = ", ".join(d.id.name for d in desired.deployments)
        said = f"`{request.deployment}` is none" if request.deployment else "it does not say for which"
        raise PermanentError(codes.NOT_REQUIRED, f"Results are for one deployment, and {said} of {names}.")
    return found[0]


def _spec(deployment: DesiredDeployment, required: RequiredEvaluation) -> dict[str, Json]:
    document = next(r.canonical for r in deployment.resources if r.id == required.evaluation.id)
    return dict(mapping_of(mapping_of(json.loads(document)).get("spec")))


def _check(run: ImportedRun, deployment: DesiredDeployment, request: BringInRequest, now: datetime) -> None:
    """Refuse what is about another model, or of another time; everything that is wrong at once."""
    problems = []
    wanted = request.model or deployment.route.model_name
    if run.model and wanted not in {run.model, run.model.rsplit("/", 1)[-1]}:
        problems.append(f"the tool measured `{run.model}`, and the release is called `{wanted}`")
    completed = run.completed_at or request.completed_at
    if completed is None:
        problems.append("the file does not say when the run ended")
    elif completed > now:
        problems.append(f"the run is to have ended at {completed.isoformat()}, which is still to come")
    if problems:
        raise PermanentError(codes.NOT_BROUGHT_IN, f"{'; '.join(problems)}.")


def _last(workspace: Workspace, required: RequiredEvaluation) -> datetime | None:
    """Return when the result that counts now was measured; None without one."""
    known, _ = newest_evidence(workspace.ledger.records(), {required.key})
    return max((one.completed_at for _, one in known), default=None)


def _held_to(
    run: ImportedRun,
    required: RequiredEvaluation,
    spec: Mapping[str, Json],
    last: datetime | None,
    completed: datetime,
) -> None:
    """Refuse what was measured in another way than is declared, and what a later run has replaced."""
    problems = [f"{required.evaluation.id}: {said}" for said in differences(run, spec)]
    if last is not None and last > completed:
        problems.append(f"a result of {last.isoformat()} is recorded, and this run ended before it")
    if problems:
        raise PermanentError(codes.NOT_BROUGHT_IN, f"{'; '.join(problems)}.")


def _kept(path: Path) -> tuple[Digest, bytes] | None:
    """Return the file with its digest, as it is kept beside the evidence; None for a folder and what is too large."""
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    content = path.read_bytes()
    return digest_of_bytes(content), content
