"""What a release must have been measured by, and what each result depends on.

A result belongs to its key, the digest of its inputs. Each input has a name, so that whoever looks at an older result
can say which of them changed.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.release import artifact_of, pin, pin_model, route_of_prompt, server_of_model, version_id
from trueup.desired.state import (
    ArtifactPin,
    DesiredDeployment,
    Pin,
    Release,
    RequiredEvaluation,
    RequiredJudge,
    RouteSpec,
    ServerSpec,
)
from trueup.spec import kinds
from trueup.spec.resource import Resources, content_digest

if TYPE_CHECKING:
    from trueup.spec.kinds.environments import RequiredEvaluations
    from trueup.spec.kinds.evaluations import Judge

SCHEMA = 2
"""Raised when the same declaration is measured in another way, so that old results are not taken for new ones."""

NO_DATA = ArtifactPin("", Digest(""), "")
"""Where an evaluation reads no dataset."""


def required_evaluations(
    demanded: "RequiredEvaluations", release: Release, server: ServerSpec, route: RouteSpec, resources: Resources
) -> tuple[RequiredEvaluation, ...]:
    """Return the evaluations *release* must have passed, each with the key its evidence must carry."""
    required = []
    served = served_inputs(release.to_json(), server.to_json(), route)
    for reference in demanded.required:
        resource = resources[version_id("Evaluation", reference)]
        declared = kinds.evaluation(resource).spec
        dataset = _dataset(declared.dataset, resources)
        judge = _judge(declared.judge, resources) if declared.judge else None
        suite = artifact_of(declared.suite.source, "suite") if declared.suite.source else None
        measured = measured_inputs(content_digest(resource), dataset.digest, judge, suite)
        decoding = declared.decoding.to_json() if declared.decoding else {}
        inputs = with_decoding_input({**served, **measured}, {**dict(route.decoding), **decoding})
        ages = [age for age in (declared.max_age, demanded.max_age) if age is not None]
        required.append(
            RequiredEvaluation(
                pin(resource),
                key_of(inputs),
                dataset,
                min(ages, default=None),
                inputs,
                judge,
                tuple(sorted(decoding.items())),
                suite,
            )
        )
    return tuple(required)


def required_prompt_tests(
    release: Release, server: ServerSpec, route: RouteSpec, resources: Resources
) -> RequiredEvaluation | None:
    """Return the tests that the prompt of *release* declares, as something to measure; None without any."""
    if release.prompt is None:
        return None
    resource = resources[release.prompt.id]
    if not kinds.prompt(resource).spec.tests:
        return None
    served = served_inputs(release.to_json(), server.to_json(), route)
    measured = measured_inputs(content_digest(resource), Digest(""))
    inputs = with_decoding_input({**served, **measured}, dict(route.decoding))
    return RequiredEvaluation(pin(resource), key_of(inputs), NO_DATA, None, inputs)


def served_inputs(release: Mapping[str, Json], server: Mapping[str, Json], route: RouteSpec) -> dict[str, Digest]:
    """Return what a result depends on of what is served, by name.

    Args:
        release: `Release.to_json()`.
        server: `ServerSpec.to_json()`.
        route: What the gateway does for it.
    """
    return {
        "model": digest_of({"model": release.get("model"), "artifact": release.get("artifact")}),
        "adapters": digest_of(release.get("adapters")),
        "prompt": digest_of(release.get("prompt")),
        "build": digest_of(release.get("build")),
        "runtime": digest_of({"runtime": server.get("runtime"), "interpreter": server.get("interpreter")}),
        "arguments": digest_of(server.get("arguments")),
        "limits": digest_of(dict(route.limits)),
    }


def measured_inputs(
    evaluation: Digest, dataset: Digest, judge: RequiredJudge | None = None, suite: ArtifactPin | None = None
) -> dict[str, Digest]:
    """Return what a result depends on of how it is measured, by name."""
    return {
        "evaluation": evaluation,
        "dataset": dataset,
        **({"suite": suite.digest} if suite is not None else {}),
        **({"judge": digest_of(judge.to_json())} if judge is not None else {}),
    }


def with_decoding_input(inputs: Mapping[str, Digest], decoding: Mapping[str, Json]) -> tuple[tuple[str, Digest], ...]:
    """Return *inputs* with the decoding parameters, sorted by name."""
    return tuple(sorted({**inputs, "decoding": digest_of(dict(decoding))}.items()))


def key_of(inputs: tuple[tuple[str, Digest], ...]) -> Digest:
    """Return the key of a result with these *inputs*."""
    return digest_of({"schema": SCHEMA, "inputs": dict(inputs)})


def measured_subject(required: RequiredEvaluation, deployment: DesiredDeployment) -> tuple[tuple[str, Digest], ...]:
    """Return the digests of what a result of *required* is about."""
    release = deployment.release
    return named_digests(
        {
            "artifact": deployment.server.artifact,
            "dataset": required.dataset.digest,
            "prompt": release.prompt.digest if release.prompt else "",
            "release": release.digest,
            # What a build is compared with; the same digest where nothing is built.
            "source": release.artifact.digest,
        }
    )


def named_digests(digests: Mapping[str, str]) -> tuple[tuple[str, Digest], ...]:
    """Return *digests* sorted by name, without those that are empty."""
    return tuple((name, Digest(digest)) for name, digest in sorted(digests.items()) if digest)


def _dataset(reference: str | None, resources: Resources) -> ArtifactPin:
    if reference is None:
        return NO_DATA
    return artifact_of(kinds.dataset(resources[version_id("Dataset", reference)]).spec.source, "dataset")


def _judge(declared: "Judge", resources: Resources) -> RequiredJudge:
    model = resources[version_id("Model", declared.model)]
    prompt = resources[version_id("Prompt", declared.prompt)] if declared.prompt else None
    release = pin_model(model)
    return RequiredJudge(
        release=release,
        server=server_of_model(kinds.model(model), release),
        route=route_of_prompt(model.id.name, kinds.prompt(prompt) if prompt else None),
        prompt=pin(prompt) if prompt else None,
        families=families_of(release.model, resources),
    )


def families_of(pinned: Pin, resources: Resources) -> tuple[str, ...]:
    """Return the families of a model and of what it was made from, in lower case, sorted: a judge must be of none."""
    found: set[str] = set()
    seen: set[ResourceId] = set()
    waiting = [pinned.id]
    while waiting:
        id_ = waiting.pop()
        resource = resources.get(id_)
        if resource is None or id_ in seen:
            continue
        seen.add(id_)
        spec = kinds.model(resource).spec
        found |= {str(f).casefold() for f in (spec.family, spec.architecture) if f}
        waiting += [version_id("Model", base) for base in spec.base_model]
    return tuple(sorted(found))
