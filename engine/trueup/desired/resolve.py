"""Resources at a revision to the desired state of one environment."""

from collections.abc import Iterable, Iterator

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.core.ids import ResourceId
from trueup.core.json import mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.desired import codes
from trueup.desired.build_pins import build_problems
from trueup.desired.closure import reachable
from trueup.desired.evaluations import required_evaluations, required_prompt_tests
from trueup.desired.release import pin_release, route_of, server_of, version_id
from trueup.desired.state import DesiredDeployment, DesiredState, EnvironmentFacts
from trueup.desired.takeover import takeover_of
from trueup.spec import kinds
from trueup.spec.groups import EXCEPTIONS, deployments_of, members
from trueup.spec.resource import Resource, Resources, document_of

SUPPORTED_TARGETS = ("process",)


def resolve(
    resources: Resources, environment: str, revision: Revision
) -> tuple[DesiredState | None, tuple[Diagnostic, ...]]:
    """Return what *environment* should be, or why it cannot be told.

    *resources* passed parsing without errors: every reference in them exists.
    """
    declared = resources.get(ResourceId("Environment", environment))
    if declared is None:
        known = sorted(id_.name for id_ in resources if id_.kind == "Environment")
        listed = f"declared are {', '.join(known)}" if known else "none is declared"
        hint = did_you_mean(environment, known) or codes.UNKNOWN_ENVIRONMENT.remedy
        return None, (Diagnostic(codes.UNKNOWN_ENVIRONMENT, f"`{environment}` is not declared; {listed}.", hint=hint),)
    facts = environment_facts(declared)
    found = tuple(_problems(declared, facts))
    if found:
        return None, found
    chosen = members(resources, deployments_of(environment))
    deployments = tuple(_deployment(resource, declared, resources) for resource in chosen)
    wrong = (*_clashes(deployments, resources), *_serverless(deployments, resources))
    wrong += tuple(_unmeasured(deployments, resources))
    wrong += tuple(build_problems(_builds(deployments, resources)))
    state = DesiredState(facts, revision, deployments, members(resources, EXCEPTIONS))
    return (None, wrong) if wrong else (state, ())


def environment_facts(resource: Resource) -> EnvironmentFacts:
    """Return what an Environment says, with defaults filled in."""
    spec = kinds.environment(resource).spec
    target = spec.target
    return EnvironmentFacts(
        name=resource.id.name,
        tier=spec.tier,
        upstream=spec.upstream or "",
        target=target.type,
        host=target.host if target.type == "process" else "",
        port=target.port if target.type == "process" else 0,
        evaluate=spec.evaluations.run,
        settings=spec.to_json(defaults=True),
    )


def _problems(resource: Resource, facts: EnvironmentFacts) -> Iterator[Diagnostic]:
    if facts.target not in SUPPORTED_TARGETS:
        detail = f"Environment `{facts.name}` has a target of type `{facts.target}`."
        yield Diagnostic(codes.UNSUPPORTED_TARGET, detail, resource.origin.span, codes.UNSUPPORTED_TARGET.remedy)


def _deployment(resource: Resource, environment: Resource, resources: Resources) -> DesiredDeployment:
    declared = kinds.deployment(resource)
    release = pin_release(declared, resources)
    model = kinds.model(resources[release.model.id])
    prompt = kinds.prompt(resources[release.prompt.id]) if release.prompt else None
    server = server_of(declared, model, release)
    route = route_of(declared, prompt)
    demanded = kinds.environment(environment).spec.evaluations
    roots = [resource.id, environment.id, *(version_id("Evaluation", r) for r in demanded.required)]
    return DesiredDeployment(
        id=resource.id,
        release=release,
        server=server,
        route=route,
        evaluations=required_evaluations(demanded, release, server, route, resources),
        resources=reachable(roots, resources),
        prompt_tests=required_prompt_tests(release, server, route, resources),
    )


def _builds(deployments: Iterable[DesiredDeployment], resources: Resources) -> Iterator[Resource]:
    """Yield the declared builds of *deployments*, each once."""
    named = {d.release.build.id for d in deployments if not d.release.build.implicit}
    yield from (resources[id_] for id_ in sorted(named))


def _clashes(deployments: Iterable[DesiredDeployment], resources: Resources) -> Iterator[Diagnostic]:
    taken: dict[str, ResourceId] = {}
    for deployment in deployments:
        name = deployment.route.model_name
        first = taken.setdefault(name, deployment.id)
        if first != deployment.id:
            detail = f"`{deployment.id}` and `{first}` both answer to the model name `{name}`."
            yield Diagnostic(codes.SHARED_NAME, detail, resources[deployment.id].origin.span, codes.SHARED_NAME.remedy)


def _serverless(deployments: Iterable[DesiredDeployment], resources: Resources) -> Iterator[Diagnostic]:
    for deployment in deployments:
        if deployment.server.replicas < 1:
            detail = f"`{deployment.id}` declares no replica."
            yield Diagnostic(codes.NO_REPLICAS, detail, resources[deployment.id].origin.span, codes.NO_REPLICAS.remedy)


def _unmeasured(deployments: Iterable[DesiredDeployment], resources: Resources) -> Iterator[Diagnostic]:
    """Yield a problem for each evaluation that an analysis watches and that is not required of the release."""
    for deployment in deployments:
        required = {name for e in deployment.evaluations for name in (e.evaluation.id.name, e.evaluation.id.short)}
        for watched in sorted(_evaluations_watched(resources[deployment.id]) - required):
            detail = f"`{deployment.id}` watches `{watched}`, which its environment does not require."
            hint = did_you_mean(watched, required) or codes.UNKNOWN_EVALUATION.remedy
            yield Diagnostic(codes.UNKNOWN_EVALUATION, detail, resources[deployment.id].origin.span, hint)


def _evaluations_watched(resource: Resource) -> set[str]:
    takeover = takeover_of(mapping_of(document_of(resource)))
    analyses = (takeover.checks, *(stage.checks for stage in takeover.stages))
    return {w.name.rpartition("/")[0] for c in analyses if c for w in c.watched if "/" in w.name and not w.query}
