"""Renders a Build of mode `engine` as a Kubernetes Job, from what is declared; nothing is sent anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.builds import codes
from trueup.builds.command import engine_build
from trueup.builds.findings import Finding, Level
from trueup.builds.job import JobOptions, JobSubject, render_job
from trueup.builds.network import Network
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.desired.release import pin_release
from trueup.desired.state import Release
from trueup.spec import kinds
from trueup.spec.resource import Resource, Resources, document_of
from trueup.workflows.loading import Invalid, load
from trueup.workflows.networks import network_for
from trueup.workflows.workspace import Workspace

MODE = "engine"


@dataclass(frozen=True, slots=True)
class BuildJobRequest:
    """What is to be rendered.

    Attributes:
        build: Address of the Build, or `name@version`.
        model: `name@version`; empty means the one its deployments have.
        options: Where it is to run.
        revision: Commit to read; empty means the work tree.
    """

    build: str
    options: JobOptions
    model: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class BuildJob:
    """A rendered Job.

    Attributes:
        objects: What is applied, in this order.
        findings: What is worth knowing of the build.
    """

    objects: tuple[Mapping[str, Json], ...]
    findings: tuple[Finding, ...]


def build_job(workspace: Workspace, request: BuildJobRequest, probe: str) -> BuildJob | Invalid:
    """Render the Build that *request* names.

    Args:
        workspace: The repository.
        request: What is asked for.
        probe: Text of the program that asks a toolchain what it is.

    Raises:
        PermanentError: No such Build is declared, it is of another mode, nothing uses it, its network is not known, or
            it cannot be built as it is declared.
    """
    loaded = load(workspace, request.revision)
    if not loaded.is_valid or loaded.project is None:
        return Invalid(loaded.diagnostics)
    build = _find(request.build, loaded.resources)
    spec = _mapping(_mapping(document_of(build)).get("spec"))
    if spec.get("mode") != MODE:
        detail = (
            f"{build.id} has mode `{spec.get('mode')}`, which is built on this machine: only mode `{MODE}` has a Job."
        )
        raise PermanentError(codes.NO_JOB, detail, hint="`trueup apply` builds it")
    release = _release(build.id, request.model, loaded.resources)
    network = network_for(loaded.resources[release.model.id], loaded.tree, workspace.store).network
    if not isinstance(network, Network):
        raise PermanentError(codes.NETWORK_UNKNOWN, f"{release.model.id}: {'; '.join(network)}.")
    full = {"mode": MODE, **dict(release.build.parameters)}
    planned = engine_build(full, network)
    inputs = tuple(pin.digest for pin in release.build.inputs)
    subject = JobSubject(planned, full, network, release.build.to_json(), release.artifact.digest, inputs)
    rendered = render_job(subject, request.options, probe)
    if rendered.findings:
        problems = " ".join(f"{f.code.id} {f.detail}" for f in rendered.findings)
        raise PermanentError(rendered.findings[0].code, problems, hint=rendered.findings[0].advice)
    return BuildJob(rendered.objects, tuple(f for f in planned.findings if f.level is not Level.ERROR))


def _find(address: str, resources: Resources) -> Resource:
    full = address if "/" in address else f"Build/{address}"
    id_ = parse_address(full)
    if id_ is not None and id_ in resources and id_.kind == "Build":
        return resources[id_]
    hint = did_you_mean(full, [str(r) for r in resources if r.kind == "Build"])
    raise PermanentError(codes.UNKNOWN_BUILD, f"`{address}` is no Build that is declared.", hint=hint)


def _release(build: ResourceId, model: str, resources: Resources) -> Release:
    """Return a release that has the build; all of one model have the same."""
    users = [r for _, r in sorted(resources.items()) if r.id.kind == "Deployment"]
    releases = [
        pin_release(kinds.deployment(r), resources) for r in users if any(f.target == build for f in r.references)
    ]
    found = {r.model.id.short: r for r in releases if model in ("", r.model.id.short)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        names = sorted(found)
        detail = f"Deployments that use {build} have {len(names)} models: {', '.join(names)}."
        raise PermanentError(codes.UNCLEAR_MODEL, detail, hint=f"say `--model {names[0]}`, or another of them")
    of = f" with the model `{model}`" if model else ""
    raise PermanentError(codes.UNCLEAR_MODEL, f"No deployment{of} uses {build}.")


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
