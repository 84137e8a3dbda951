"""Renders a Build of mode `engine` as a Kubernetes Job, from what is declared; nothing is sent anywhere."""

from collections.abc import Mapping

from trueup.builds import codes
from trueup.builds.command import engine_build
from trueup.builds.findings import Finding, Level
from trueup.builds.job import JobOptions, JobSubject, render_job
from trueup.builds.network import Network
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.release import artifact_of, pin_build
from trueup.spec import kinds
from trueup.workflows.loading import Invalid, load
from trueup.workflows.named_builds import find_named, model_of, spec_of, users_of
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
    build = find_named(request.build, "Build", loaded.resources)
    spec = spec_of(build)
    if spec.get("mode") != MODE:
        detail = (
            f"{build.id} has mode `{spec.get('mode')}`, which is built on this machine: only mode `{MODE}` has a Job."
        )
        raise PermanentError(codes.NO_JOB, detail, hint=f"`trueup build {build.id}` builds it")
    model = model_of(build.id, request.model, users_of(build.id, loaded.resources), loaded.resources)
    network = network_for(model, loaded.tree, workspace.store).network
    if not isinstance(network, Network):
        raise PermanentError(codes.NETWORK_UNKNOWN, f"{model.id}: {'; '.join(network)}.")
    declared = kinds.model(model).spec
    source = artifact_of(declared.source, declared.format)
    pinned = pin_build(build, source, loaded.resources)
    full = {"mode": MODE, **dict(pinned.parameters)}
    planned = engine_build(full, network)
    inputs = tuple(pin.digest for pin in pinned.inputs)
    subject = JobSubject(planned, full, network, pinned.to_json(), source.digest, inputs)
    rendered = render_job(subject, request.options, probe)
    if rendered.findings:
        first = rendered.findings[0]
        # The error says its own code already; that of another problem has to be said.
        said = (f.detail if f.code is first.code else f"{f.code.id} {f.detail}" for f in rendered.findings)
        raise PermanentError(first.code, " ".join(said), hint=first.advice)
    return BuildJob(rendered.objects, tuple(f for f in planned.findings if f.level is not Level.ERROR))
